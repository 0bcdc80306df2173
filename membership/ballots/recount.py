"""Recount a ballot from what its page publishes: python recount.py ballots.csv result.json

Needs nothing but Python. It was written apart from the code that counts on the site, as plainly as possible, so that both
can be compared: every vote is looked at for itself in every round. `result.json` is the ballot's published result.
"""

import csv
import json
import sys
from fractions import Fraction as F


def first(options, lots):
    """Whom the lots favour."""
    return min(options, key=lambda o: lots.index(o) if o in lots else len(lots) + o)


def last(options, lots):
    return max(options, key=lambda o: lots.index(o) if o in lots else len(lots) + o)


def ticks(votes, options):
    return {o: sum(o in vote for vote in votes) for o in options}


def approval(votes, options, seats, lots):
    return fair(votes, options, seats, lots, share=lambda _chosen: 1)


def fair(votes, options, seats, lots, share=lambda chosen: F(1, 1 + chosen)):
    """Each place to the option with most votes, a vote counting for less the more of its ticks have been chosen."""
    won = []
    while len(won) < seats:
        held = {
            o: sum(share(len(vote & set(won))) for vote in map(set, votes) if o in vote)
            for o in options
            if o not in won
        }
        best = [o for o in held if held[o] == max(held.values()) > 0]
        if not best:
            break
        won.append(first(best, lots))
    return won


def budget(votes, options, lots, costs, limit):
    """Down the list by ticks, taking what still fits."""
    held, left, won = ticks(votes, options), limit, []
    while line := [o for o in held if held[o]]:
        option = first([o for o in line if held[o] == max(held.values())], lots)
        del held[option]
        if costs[option] <= left:
            won.append(option)
            left -= costs[option]
    return won


def shares_once(votes, options, lots, costs, share):
    """Equal Shares with so much for each voter: whose supporters pay least for each unit of cost is chosen next."""
    purse, won = [share] * len(votes), []
    while True:
        payments = {}
        for option in options:
            payers = sorted((i for i, vote in enumerate(votes) if option in vote), key=purse.__getitem__)
            left = F(costs[option])
            while option not in won and payers and purse[payers[0]] * len(payers) < left:
                left -= purse[payers.pop(0)]
            if option not in won and payers:
                payments[option] = left / len(payers)
        if not payments:
            return won, purse
        held = ticks(votes, options)
        order = {o: (payments[o] / costs[o], costs[o], -held[o]) for o in payments}
        chosen = first([o for o in order if order[o] == min(order.values())], lots)
        won.append(chosen)
        purse = [
            money - min(money, payments[chosen]) * (chosen in vote) for money, vote in zip(purse, votes, strict=True)
        ]


def equal_budget(votes, options, lots, costs, limit):
    """Raise everybody's share step by step while something still fits and the result stays within the budget."""
    if not votes:
        return []
    share = F(limit, len(votes))
    won, _purse = shares_once(votes, options, lots, costs, share)
    step = F(1) if 10 <= share <= 100_000 else share / 100
    share = F(limit // len(votes)) if step == 1 else share
    supported = [o for o, held in ticks(votes, options).items() if held]
    while any(o not in won and costs[o] + sum(costs[w] for w in won) <= limit for o in supported):
        share += step
        more, _purse = shares_once(votes, options, lots, costs, share)
        if sum(costs[o] for o in more) > limit:
            break
        won = more
    return won


def equal_seats(votes, options, seats, lots):
    """Seats cost one each; those left over are filled by Phragmén's rule from what everybody still has."""
    won, purse = shares_once(votes, options, lots, dict.fromkeys(options, 1), F(seats, max(1, len(votes))))
    debts = [-money for money in purse]
    while len(won) < seats:
        owed = {
            o: F(1 + sum(debt for debt, vote in zip(debts, votes, strict=True) if o in vote), held)
            for o, held in ticks(votes, options).items() if held and o not in won
        }  # fmt: skip
        if not owed:
            break
        won.append(first([o for o in owed if owed[o] == min(owed.values())], lots))
        debts = [owed[won[-1]] if won[-1] in vote else debt for debt, vote in zip(debts, votes, strict=True)]
    return won


def behind(tied, rounds, lots, pick=min):
    """Of those level, who was behind (ahead) at the latest earlier round where they differ, else by lot."""
    for held in reversed(rounds):
        tied = [o for o in tied if held[o] == pick(held[t] for t in tied)]
    return (last if pick is min else first)(tied, lots)


def irv(votes, options, lots):
    left, rounds = list(options), []
    while True:
        best = [next((o for o in vote if o in left), None) for vote in votes]
        rounds.append({o: best.count(o) for o in left})
        held = rounds[-1]
        top = [o for o in left if held[o] == max(held.values()) > 0]
        if not top:
            return []
        if 2 * held[top[0]] > sum(held.values()) or len(left) == 2:
            return [behind(top, rounds, lots, max)]
        left.remove(behind([o for o in left if held[o] == min(held.values())], rounds, lots))


def stv(votes, options, seats, lots):
    """Scottish STV in hundred-thousandths of a vote; a paper is [vote, worth, with whom it lies]."""
    papers = [[vote, 100_000, None] for vote in votes if vote]
    quota = (len(papers) // (seats + 1) + 1) * 100_000
    running, won, waiting, rounds = list(options), [], [], []

    def stage(moving):
        for paper in moving:
            paper[2] = next((o for o in paper[0] if o in running), None)
        held = {o: sum(worth for _vote, worth, lies in papers if lies == o) for o in options}
        rounds.append({o: quota if o in won and o not in waiting else held[o] for o in options})
        up = [o for o in running if held[o] >= quota]
        if len(running) - len(up) <= seats - len(won) - len(up):
            up = list(running)
        for option in sorted(up, key=lambda o: -held[o]):
            won.append(option)
            running.remove(option)
            waiting.extend([option] if held[option] > quota else [])

    if papers:
        stage(papers)
    while papers and len(won) < seats and running:
        held = rounds[-1]
        if waiting:
            option = behind([o for o in waiting if held[o] == max(held[w] for w in waiting)], rounds, lots, max)
            waiting.remove(option)
            for paper in (moving := [paper for paper in papers if paper[2] == option]):
                paper[1] = paper[1] * (held[option] - quota) // held[option]
        else:
            option = behind([o for o in running if held[o] == min(held[r] for r in running)], rounds, lots)
            running.remove(option)
            moving = [paper for paper in papers if paper[2] == option]
        stage(moving)
    return won


def star(votes, options, places, lots):
    """`votes` are strings of digits, `places` says which digit is an option's."""
    stars = {o: [int(vote[places[o]]) for vote in votes] for o in options}
    scores = {o: sum(stars[o]) for o in options if sum(stars[o])}
    fives = {o: stars[o].count(5) for o in options}

    def meet(one, other):
        return sum((a > b) - (a < b) for a, b in zip(stars[one], stars[other], strict=True))

    final = []
    while scores and len(final) < 2:
        tied = [o for o in scores if scores[o] == max(scores.values())]
        while len(tied) > (room := 2 - len(final)):  # out with the losers; all level: in with most fives, or by lot
            lost = {o: sum(meet(o, t) < 0 for t in tied) for o in tied}
            most = [o for o in tied if fives[o] == max(fives[t] for t in tied)]
            ahead = [o for o in tied if lost[o] < max(lost.values())]
            if not ahead and len(most) < len(tied):
                ahead = most if len(most) <= room else [o for o in tied if fives[o] > min(fives[t] for t in tied)]
            ahead = ahead or [first(tied, lots)]
            if len(ahead) < room:
                final += ahead
                ahead = [o for o in tied if o not in ahead]
            tied = ahead
        final += tied
        for option in final:
            scores.pop(option, None)
    if len(final) < 2:
        return final
    one, other = final
    order = {
        one: (meet(one, other), sum(stars[one]), fives[one]),
        other: (meet(other, one), sum(stars[other]), fives[other]),
    }
    return [first([o for o in final if order[o] == max(order.values())], lots)]


def recount(contents, result):
    """The winners' positions. `contents` are the votes as published, `result` the published result."""
    method, seats, lots = result["method"], result["seats"], result["lot_order"]
    listed = [option[0] for option in result["options"]]
    options = [o for o in listed if o not in result.get("withdrawn", [])]
    if method == "star":
        return star(contents, options, {o: place for place, o in enumerate(listed)}, lots)
    votes = [[int(part) for part in content.split(",") if part and int(part) in options] for content in contents]
    if method == "irv":
        return irv(votes, options, lots)
    costs, limit = {int(o): F(cost) for o, cost in (result.get("costs") or {}).items()}, F(result.get("budget") or 0)
    if method in ("budget", "equal-shares") and limit:
        return (budget if method == "budget" else equal_budget)(votes, options, lots, costs, limit)
    if method == "approval" and result.get("last_place") == "all":
        held = ticks(votes, options)
        needed = max(1, *sorted(held.values())[-seats:][:1])
        return [o for o in options if held[o] >= needed]
    return {"approval": approval, "fair": fair, "equal-shares": equal_seats, "stv": stv}[method](
        votes, options, seats, lots
    )


def main():
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if line[0] != "#"))
    contents = [row["content"] for row in rows for _vote in range(int(row.get("weight") or 1))]
    with open(sys.argv[2], encoding="utf-8") as file:
        result = json.load(file)
    winners, titles = recount(contents, result), {option[0]: option[1] for option in result["options"]}
    print(f"{len(rows)} votes; winners:", ", ".join(titles[o] for o in winners) or "nobody")
    agrees = set(winners) == set(result["winners"]) and len(rows) == result["votes"]
    print("The published result agrees." if agrees else "THE PUBLISHED RESULT SAYS SOMETHING ELSE.")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())

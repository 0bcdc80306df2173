"""The Method of Equal Shares: everybody gets the same share, and pays with others for what they ticked together.

After Peters and Skowron. What is chosen next is the option whose supporters pay least for each unit of its cost, all
paying alike and whoever has less paying what is left; turned around: the option with most *effective* votes (its cost
divided by the largest payment). An option that its supporters cannot pay for any more is out. Money is
counted in fractions, so that nothing is rounded.

Ties: the cheaper option, then the one with more ticks, then the lot order (the first two as equalshares.net has them).
A tally shows the effective votes, cut off after five decimals.

**Completion.** Seats left over are filled by Phragmén's sequential rule from what everybody still has (as abcvoting
does by default). A budget uses *add one*: while something else would still fit and the result stays within the budget,
everybody's share is raised by one unit (where a share is less than ten or more than a hundred thousand units: by a
hundredth of it) and all is counted anew; the last result within the budget stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from membership.ballots.counting.approval import Ticked
from membership.ballots.counting.lots import Lots
from membership.ballots.counting.outcome import Figure, Outcome, Round, Tie

ADD_ONE = "add-one"
PHRAGMEN = "sequential Phragmén"
_COARSE = 10
_FINE = 100_000
"""A share of fewer or more units than these is raised by its hundredth instead of by one."""


@dataclass(frozen=True)
class _Urn:
    """What stays the same however large the shares are. A group is one distinct vote; `supporters` are an option's
    groups, and beside them how many votes each group is.
    """

    supporters: Mapping[int, tuple[list[int], list[int]]]
    ticks: Mapping[int, int]
    costs: Mapping[int, int]
    groups: int
    voters: int
    lots: Lots


@dataclass
class _Run:
    """One count with shares of one size. `purse_of` a group is a number of `purses`: what each of its voters has left.

    Few purses differ, whatever the number of groups: whoever paid for the same options has the same left.
    """

    purse_of: list[int]
    purses: list[Fraction]
    chosen: list[int] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)


def count_seats(options: Sequence[int], groups: Ticked, seats: int, lots: Lots) -> Outcome:
    """Share `seats` places: each costs one, and everybody has their part of a seat to give."""
    urn = _urn(options, groups, dict.fromkeys(options, 1), lots)
    run = _run(urn, seats, urn.voters or 1)
    filled = len(run.chosen)
    _phragmen(urn, run, seats)
    completion = PHRAGMEN if len(run.chosen) > filled else ""
    return Outcome(tuple(run.chosen), _rounds(urn, run), tuple(run.ties), completion=completion)


def count_budget(
    options: Sequence[int], groups: Ticked, lots: Lots, *, costs: Mapping[int, Figure], limit: Figure
) -> Outcome:
    """Share `limit`; `costs` are of the same unit."""
    fine = lcm(limit.denominator, *(costs[option].denominator for option in options))
    urn = _urn(options, groups, {option: int(costs[option] * fine) for option in options}, lots)
    run, raised = _add_one(urn, int(limit * fine), fine) if urn.voters else (_Run([], []), False)
    spent = sum(costs[option] for option in run.chosen)
    completion = ADD_ONE if raised else ""
    return Outcome(tuple(run.chosen), _rounds(urn, run), tuple(run.ties), spent=spent, completion=completion)


def _urn(options: Sequence[int], groups: Ticked, costs: Mapping[int, int], lots: Lots) -> _Urn:
    votes = list(groups)
    supporters: dict[int, tuple[list[int], list[int]]] = {option: ([], []) for option in options}
    for group, (ticked, number) in enumerate(votes):
        for option in ticked:
            groups_of, votes_of = supporters[option]
            groups_of.append(group)
            votes_of.append(number)
    ticks = {option: sum(votes_of) for option, (_groups, votes_of) in supporters.items()}
    return _Urn(supporters, ticks, costs, len(votes), sum(number for _ticked, number in votes), lots)


def _rounds(urn: _Urn, run: _Run) -> tuple[Round, ...]:
    return tuple(run.rounds) or (Round(dict(urn.ticks)),)


def _add_one(urn: _Urn, limit: int, unit: int) -> tuple[_Run, bool]:
    """Raise the shares step by step; the last count within `limit` stands. Tells whether they were raised."""
    run = _run(urn, limit, urn.voters)
    if not _COARSE <= Fraction(limit, unit * urn.voters) <= _FINE:
        share, step, parts = 100 * limit, limit, 100 * urn.voters
    else:
        share, step, parts = limit // unit // urn.voters * unit, unit, 1
    enough = parts * sum(urn.costs.values())
    raised = False
    while _something_fits(urn, run, limit) and share < enough:
        share += step
        more = _run(urn, share, parts)
        if _cost_of(urn, more) > limit:
            break
        run, raised = more, True
    return run, raised


def _cost_of(urn: _Urn, run: _Run) -> int:
    return sum(urn.costs[option] for option in run.chosen)


def _something_fits(urn: _Urn, run: _Run, limit: int) -> bool:
    left = limit - _cost_of(urn, run)
    return any(urn.costs[option] <= left for option, ticks in urn.ticks.items() if ticks and option not in run.chosen)


def _run(urn: _Urn, share: int, parts: int) -> _Run:
    """Choose as long as anybody's supporters can pay, each voter having `share` / `parts` units."""
    run = _Run([0] * urn.groups, [Fraction(share, parts)])
    effective = {option: Fraction(ticks) for option, ticks in urn.ticks.items() if ticks}
    while True:
        best = _most_effective(urn, run, effective)
        if not best:
            return run
        chosen = _one_of(urn, best, run)
        shown = {option: Fraction(int(votes * 100_000), 100_000) for option, votes in effective.items()}
        run.rounds.append(Round(shown, elected=(chosen,)))
        run.chosen.append(chosen)
        _pay(urn, run, chosen, urn.costs[chosen] / effective.pop(chosen))


def _most_effective(urn: _Urn, run: _Run, effective: dict[int, Fraction]) -> list[int]:
    """Who is level at the top. Votes only lose effect as purses empty, so that nobody below the best needs a second
    look.
    """
    best: list[int] = []
    most = Fraction(0)
    for option in sorted(effective, key=effective.__getitem__, reverse=True):
        if effective[option] < most:
            break
        now = _effective_votes(urn, run, option)
        if now is None:
            del effective[option]
            continue
        effective[option] = now
        if now > most:
            best, most = [option], now
        elif now == most:
            best.append(option)
    return best


def _effective_votes(urn: _Urn, run: _Run, option: int) -> Fraction | None:
    """The cost over the largest payment, when all supporters pay alike as far as they can; nothing when they cannot."""
    cost, payers = urn.costs[option], urn.ticks[option]
    left = Fraction(cost)
    for purse, votes in sorted((run.purses[number], votes) for number, votes in _by_purse(urn, run, option).items()):
        if purse * payers >= left:
            return cost * payers / left
        left -= purse * votes
        payers -= votes
    return None


def _by_purse(urn: _Urn, run: _Run, option: int) -> dict[int, int]:
    """How many of an option's supporters have each purse."""
    if len(run.purses) == 1:
        return {0: urn.ticks[option]}
    groups, votes = urn.supporters[option]
    having = dict.fromkeys(range(len(run.purses)), 0)
    purse_of = run.purse_of
    for group, number in zip(groups, votes, strict=True):
        having[purse_of[group]] += number
    return {purse: number for purse, number in having.items() if number}


def _pay(urn: _Urn, run: _Run, option: int, payment: Fraction) -> None:
    """Every supporter pays `payment`, or what they have."""
    known = {purse: number for number, purse in enumerate(run.purses)}
    after = []
    for purse in list(run.purses):
        left = max(Fraction(0), purse - payment)
        if left not in known:
            known[left] = len(run.purses)
            run.purses.append(left)
        after.append(known[left])
    purse_of = run.purse_of
    for group in urn.supporters[option][0]:
        purse_of[group] = after[purse_of[group]]


def _one_of(urn: _Urn, level: list[int], run: _Run) -> int:
    """The cheaper, else the one with more ticks, else by lot; each step that decided something is told."""
    number = len(run.rounds) + 1
    tied = sorted(level)
    for step, figures in (("cost", {o: -urn.costs[o] for o in tied}), ("ticks", urn.ticks)):
        most = max(figures[option] for option in tied)
        ahead = [option for option in tied if figures[option] == most]
        if len(ahead) < len(tied):
            run.ties.append(Tie(number, tuple(tied), step, tuple(ahead)))
            tied = ahead
    return _by_lot(urn, tied, number, run.ties)


def _by_lot(urn: _Urn, tied: Sequence[int], number: int, ties: list[Tie]) -> int:
    chosen = urn.lots.first(tied)
    if len(tied) > 1:
        ties.append(Tie(number, tuple(sorted(tied)), "lot", (chosen,)))
    return chosen


def _phragmen(urn: _Urn, run: _Run, seats: int) -> None:
    """Fill the seats left: whose supporters, each with what they still have, owe least apiece for one seat more.

    The tally shows that debt; the smallest is chosen, and its supporters owe it from then on.
    """
    run.purses = [-purse for purse in run.purses]  # from here on what each owes
    left = [option for option, ticks in urn.ticks.items() if ticks and option not in run.chosen]
    while left and len(run.chosen) < seats:
        owed = {option: _owed(urn, run, option) for option in left}
        least = min(owed.values())
        chosen = _by_lot(urn, [o for o in left if owed[o] == least], len(run.rounds) + 1, run.ties)
        shown = {option: Fraction(int(debt * 100_000), 100_000) for option, debt in owed.items()}
        run.rounds.append(Round(shown, elected=(chosen,), action="completion"))
        run.chosen.append(chosen)
        left.remove(chosen)
        run.purses.append(least)
        for group in urn.supporters[chosen][0]:
            run.purse_of[group] = len(run.purses) - 1


def _owed(urn: _Urn, run: _Run, option: int) -> Fraction:
    """What each supporter would owe after one seat more, all owing alike."""
    debts = sum((run.purses[purse] * votes for purse, votes in _by_purse(urn, run, option).items()), Fraction(1))
    return debts / urn.ticks[option]

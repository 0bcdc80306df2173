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

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """What stays the same however large the shares are.

    What somebody ticked is one whole number, a bit for each option. `supporters` are an option's votes: (what they ticked,
    how many such votes). Whoever ticked the same of what was chosen so far has paid the same and is of one *kind*.
    """

    bits: Mapping[int, int]
    supporters: Mapping[int, list[tuple[int, int]]]
    ticks: Mapping[int, int]
    costs: Mapping[int, int]
    voters: int
    lots: Lots
    _kinds: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)

    def kinds(self, option: int, chosen: int) -> list[tuple[int, int]]:
        """An option's supporters as (which of the `chosen` they ticked, how many); asked again at nearly every share."""
        found = self._kinds.get((option, chosen))
        if found is None:
            numbers: dict[int, int] = defaultdict(int)
            for ticked, votes in self.supporters[option]:
                numbers[ticked & chosen] += votes
            found = self._kinds[option, chosen] = list(numbers.items())
        return found


@dataclass
class _Run:
    """One count with shares of one size. `purses` are what a voter of each kind has left, in parts of `parts` to a unit."""

    parts: int
    purses: dict[int, int]
    chosen: list[int] = field(default_factory=list)
    chosen_bits: int = 0
    tallies: list[dict[int, Fraction]] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)

    def divide(self, by: int) -> None:
        """Count in parts so many times smaller, so that what comes next is a whole number of them."""
        if by > 1:
            self.parts *= by
            self.purses = {kind: purse * by for kind, purse in self.purses.items()}


def count_seats(options: Sequence[int], groups: Ticked, seats: int, lots: Lots) -> Outcome:
    """Share `seats` places: each costs one, and everybody has their part of a seat to give."""
    urn = _urn(options, groups, dict.fromkeys(options, 1), lots)
    run = _run(urn, seats, urn.voters or 1)
    filled = len(run.chosen)
    _phragmen(urn, run, seats)
    completion = PHRAGMEN if len(run.chosen) > filled else ""
    return Outcome(tuple(run.chosen), _rounds(urn, run, filled), tuple(run.ties), completion=completion)


def count_budget(
    options: Sequence[int], groups: Ticked, lots: Lots, *, costs: Mapping[int, Figure], limit: Figure
) -> Outcome:
    """Share `limit`; `costs` are of the same unit."""
    fine = lcm(limit.denominator, *(costs[option].denominator for option in options))
    urn = _urn(options, groups, {option: int(costs[option] * fine) for option in options}, lots)
    run, raised = _add_one(urn, int(limit * fine), fine) if urn.voters else (_Run(1, {}), False)
    spent = sum(costs[option] for option in run.chosen)
    completion = ADD_ONE if raised else ""
    return Outcome(tuple(run.chosen), _rounds(urn, run), tuple(run.ties), spent=spent, completion=completion)


def _urn(options: Sequence[int], groups: Ticked, costs: Mapping[int, int], lots: Lots) -> _Urn:
    bits = {option: 1 << place for place, option in enumerate(options)}
    supporters: dict[int, list[tuple[int, int]]] = {option: [] for option in options}
    voters = 0
    for ticked, votes in groups:
        vote = (sum(map(bits.__getitem__, ticked)), votes)
        voters += votes
        for option in ticked:
            supporters[option].append(vote)
    ticks = {option: sum(votes for _ticked, votes in theirs) for option, theirs in supporters.items()}
    return _Urn(bits, supporters, ticks, costs, voters, lots)


def _rounds(urn: _Urn, run: _Run, filled: int | None = None) -> tuple[Round, ...]:
    """The tallies cut off after five decimals; whoever was chosen after the first `filled` completes the count. The first
    round tells everybody's ticks, and where nobody could pay it elects nobody.
    """
    rounds = [
        Round(
            {option: Fraction(int(figure * 100_000), 100_000) for option, figure in tally.items()}, elected=(chosen,),
            action="" if filled is None or number < filled else "completion",
        )
        for number, (tally, chosen) in enumerate(zip(run.tallies, run.chosen, strict=True))
    ]  # fmt: skip
    if not rounds:
        return (Round(dict(urn.ticks)),)
    if filled == 0:
        return (Round(dict(urn.ticks), action="ticks"), *rounds)
    return (replace(rounds[0], tally=dict(urn.ticks)), *rounds[1:])


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
    run = _Run(parts, {0: share})
    effective = {option: Fraction(ticks) for option, ticks in urn.ticks.items() if ticks}
    while True:
        best = _most_effective(urn, run, effective)
        if not best:
            return run
        chosen = _one_of(urn, best, run)
        run.tallies.append(dict(effective))
        payment = urn.costs[chosen] * run.parts / effective.pop(chosen)
        run.divide(payment.denominator)
        _choose(urn, run, chosen, {kind: max(0, purse - payment.numerator) for kind, purse in run.purses.items()})


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
    purses, payers = run.purses, urn.ticks[option]
    left = cost = urn.costs[option] * run.parts
    for purse, votes in sorted([(purses[kind], votes) for kind, votes in urn.kinds(option, run.chosen_bits)]):
        if purse * payers >= left:
            return Fraction(cost * payers, left)
        left -= purse * votes
        payers -= votes
    return None


def _choose(urn: _Urn, run: _Run, option: int, after: Mapping[int, int]) -> None:
    """From here on its supporters have what `after` says of their kind, and are kinds of their own."""
    run.chosen.append(option)
    bit = urn.bits[option]
    run.chosen_bits |= bit
    run.purses |= {kind | bit: after[kind] for kind, _votes in urn.kinds(option, run.chosen_bits & ~bit)}


def _one_of(urn: _Urn, level: list[int], run: _Run) -> int:
    """The cheaper, else the one with more ticks, else by lot; each step that decided something is told."""
    number = len(run.chosen) + 1
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
    earlier = 0 if run.chosen else 1  # the round in which nobody could pay
    run.purses = {kind: -purse for kind, purse in run.purses.items()}  # from here on what each owes
    left = [option for option, ticks in urn.ticks.items() if ticks and option not in run.chosen]
    while left and len(run.chosen) < seats:
        owed = {option: _owed(urn, run, option) for option in left}
        least = min(owed.values())
        chosen = _by_lot(urn, [o for o in left if owed[o] == least], len(run.chosen) + 1 + earlier, run.ties)
        run.tallies.append(owed)
        left.remove(chosen)
        run.divide((least * run.parts).denominator)
        _choose(urn, run, chosen, dict.fromkeys(run.purses, int(least * run.parts)))


def _owed(urn: _Urn, run: _Run, option: int) -> Fraction:
    """What each supporter would owe after one seat more, all owing alike."""
    debts = sum(run.purses[kind] * votes for kind, votes in urn.kinds(option, run.chosen_bits))
    return Fraction(debts + run.parts, urn.ticks[option] * run.parts)

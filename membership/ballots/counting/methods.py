"""The methods by name: how a vote of each is written down, and how it is counted.

Canonical contents: ticks (approval, fair, budget, equal-shares) are sorted positions, `1,4`; rankings (irv, stv) are
positions from the best on, `8,2,11`; stars are one digit from 0 to 5 for each of the ballot's options in their order,
`0503`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from membership.ballots.counting import approval, budget, equal_shares, fair, irv, star, stv
from membership.ballots.counting.lots import Lots
from membership.ballots.counting.outcome import Figure, Outcome

RULE_VERSION = 2
"""Goes up when a rule of counting changes; a result names the version it was counted by."""

TICKED = frozenset({"approval", "fair", "budget", "equal-shares"})
RANKED = frozenset({"irv", "stv"})
STARRED = frozenset({"star"})
METHODS = ("approval", "fair", "irv", "stv", "star", "budget", "equal-shares")
ONE_SEAT = frozenset({"irv", "star"})
"""Methods that fill one place only."""

Content = str
Groups = Iterable[tuple[Content, int]]


def positions(content: str) -> tuple[int, ...]:
    """The option positions that a canonical content of ticks or ranks names, in its order."""
    return tuple(int(part) for part in content.split(",") if part)


def tally(
    method: str,
    options: Iterable[int],
    groups: Groups,
    seats: int,
    lot_order: Sequence[int],
    *,
    costs: Mapping[int, Figure] | None = None,
    budget: Figure | None = None,
    withdrawn: Collection[int] = (),
) -> Outcome:
    """Count `groups` of (canonical content, number of such votes) by a method. The order of the groups plays no part.

    `options` are all positions on the ballot, in its order; those `withdrawn` are struck out and skipped. `costs` and
    `budget` are of one unit (days, money); Equal Shares without them shares `seats` places, "budget" always needs them.
    A content of no option at all is a vote that supports nobody. Raises `ValueError` for a method that is not there,
    for more than one seat where the method fills one, and for costs that are missing or not above zero.
    """
    if method not in _COUNTS:
        raise ValueError(f"no such method: {method}")
    if seats < 1 or (seats > 1 and method in ONE_SEAT):
        raise ValueError(f"{method} cannot fill {seats} seats")
    standing = tuple(options)
    out = frozenset(withdrawn)
    shares = _shares(method, standing, costs, budget)
    votes = _parsed(groups, standing, out) if method in TICKED else groups
    return _COUNTS[method](standing, out, votes, seats, Lots(lot_order), *shares)


def _shares(
    method: str, options: Sequence[int], costs: Mapping[int, Figure] | None, limit: Figure | None
) -> tuple[Any, ...]:
    if method not in {"budget", "equal-shares"}:
        return ()
    if method == "budget" and (costs is None or limit is None):
        raise ValueError("a budget needs costs and what there is to spend")
    if costs is not None and any(costs.get(option, 0) <= 0 for option in options):
        raise ValueError("every option needs a cost above zero")
    return costs, limit


def _parsed(groups: Groups, options: Sequence[int], out: frozenset[int]) -> list[tuple[tuple[int, ...], int]]:
    """Each distinct content read once: positions that stand, each once."""
    known = {str(option): option for option in options if option not in out}
    parsed: list[tuple[tuple[int, ...], int]] = []
    for content, votes in groups:
        parts = content.split(",")
        try:
            named = tuple(map(known.__getitem__, parts))
        except KeyError:  # nobody ticked, or one who is not on the ballot or was struck out
            named = tuple([known[part] for part in parts if part in known])
        parsed.append((named if len(set(named)) == len(named) else tuple(dict.fromkeys(named)), votes))
    return parsed


_COUNTS: Mapping[str, Callable[..., Outcome]] = {
    "approval": lambda options, out, votes, seats, lots: approval.count(_left(options, out), votes, seats, lots),
    "fair": lambda options, out, votes, seats, lots: fair.count(_left(options, out), votes, seats, lots),
    "irv": lambda options, out, votes, _seats, lots: irv.count(_left(options, out), votes, lots),
    "stv": lambda options, out, votes, seats, lots: stv.count(_left(options, out), votes, seats, lots),
    "star": lambda options, out, votes, _seats, lots: star.count(options, out, votes, lots),
    "budget": lambda options, out, votes, _seats, lots, costs, limit: budget.count(
        _left(options, out), votes, lots, costs=costs, limit=limit
    ),
    "equal-shares": lambda options, out, votes, seats, lots, costs, limit: (
        equal_shares.count_seats(_left(options, out), votes, seats, lots)
        if costs is None or limit is None
        else equal_shares.count_budget(_left(options, out), votes, lots, costs=costs, limit=limit)
    ),
}


def _left(options: Sequence[int], out: frozenset[int]) -> list[int]:
    return [option for option in options if option not in out]

"""The methods by name: how a vote of each is written down, and how it is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from membership.ballots.counting import approval
from membership.ballots.counting.outcome import Outcome

RULE_VERSION = 1
"""Goes up when a rule of counting changes; a result names the version it was counted by."""

COUNTS = {"approval": approval.count}


def positions(content: str) -> tuple[int, ...]:
    """The option positions that a canonical content names, in its order."""
    return tuple(int(part) for part in content.split(",") if part)


def tally(
    method: str, options: Iterable[int], groups: Iterable[tuple[str, int]], seats: int, lot_order: Sequence[int]
) -> Outcome:
    """Count `groups` of (canonical content, number of such votes) by a method. The order of the groups plays no part."""
    return COUNTS[method](options, [(positions(content), votes) for content, votes in groups], seats, lot_order)

"""What became of a promise, how long a vote waited for its story, and what may be told of who stayed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum


class Outcome(StrEnum):
    """In the order in which a report names them."""

    KEPT = "kept"
    LATE = "late"
    UNDER_WAY = "under_way"
    OVERDUE = "overdue"
    DECLINED = "declined"


def outcome(*, state: str, first_due: date | None, out_on: date | None, today: date) -> Outcome:
    """Held against the first day that was promised: who moves the day has not kept it. A story that comes without any day
    having been promised is kept."""
    if state == "declined":
        return Outcome.DECLINED
    if state == "published":
        return Outcome.LATE if first_due is not None and out_on is not None and out_on > first_due else Outcome.KEPT
    return Outcome.OVERDUE if first_due is not None and today > first_due else Outcome.UNDER_WAY


def middle(numbers: Sequence[int]) -> int | None:
    """The median; of two in the middle, the smaller. None of nothing."""
    return sorted(numbers)[(len(numbers) - 1) // 2] if numbers else None


FEW = 5


def tells(people: int, stayed: int) -> bool:
    """Whether a share of those who stayed gives nobody away: enough stayed, and enough left."""
    return stayed >= FEW and people - stayed >= FEW

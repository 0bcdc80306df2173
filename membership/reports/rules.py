"""Rules of the reports: how a month is cut, how a yearly sum becomes a monthly figure.

Pure. Money is in minor units; sums are kept per year (twelve times the MRR) and divided once, when they are shown.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MONTHS_SHOWN = 12
GAINS = ("new", "returned", "raised", "resumed")
LOSSES = ("lowered", "paused", "left", "lost")
KINDS = GAINS + LOSSES
"""The movements, in the order in which a report names them."""


def monthly(yearly: int) -> int:
    """A twelfth of a yearly sum, to the nearest minor unit; exactly half goes away from zero."""
    twelfth = (abs(yearly) * 2 + 12) // 24
    return twelfth if yearly >= 0 else -twelfth


def month_start(at: datetime, zone: str, *, back: int = 0) -> datetime:
    """When the month of `at` began in a time zone, or the one so many months before it; in UTC."""
    local = at.astimezone(ZoneInfo(zone))
    months = local.year * 12 + local.month - 1 - back
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def month_ends(at: datetime, zone: str) -> list[tuple[str, datetime]]:
    """The last twelve months as (`2026-11`, the moment up to which it is counted); the running one ends at `at`."""
    ends = []
    for back in range(MONTHS_SHOWN - 1, -1, -1):
        start = month_start(at, zone, back=back).astimezone(ZoneInfo(zone))
        ends.append((f"{start:%Y-%m}", month_start(at, zone, back=back - 1) if back else at))
    return ends

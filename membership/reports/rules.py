"""Rules of the reports: how a month is cut, how a yearly sum becomes a monthly figure.

Pure. Money is in minor units; sums are kept per year (twelve times the MRR) and divided once, when they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

MONTHS_SHOWN = 12
GAINS = ("new", "returned", "raised", "resumed")
LOSSES = ("lowered", "paused", "left", "lost")
KINDS = (*GAINS, *LOSSES, "switched")
"""The movements, in the order in which a report names them. Who switched pays the same in another tier."""


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


def months(since: str, until: str) -> list[str]:
    """All months from one to another, both included: `2025-12`, `2026-01`."""
    first, last = (int(name[:4]) * 12 + int(name[5:]) - 1 for name in (since, until))
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, last + 1)]


def month_later(name: str, by: int) -> str:
    """The month so many months later (or, below nought, earlier)."""
    number = int(name[:4]) * 12 + int(name[5:]) - 1 + by
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def begin_of(name: str, zone: str) -> datetime:
    """When a month begins by a zone's clocks, in UTC."""
    return datetime(int(name[:4]), int(name[5:]), 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def steps_of(opening: int, changes: Sequence[int]) -> list[int]:
    """A waterfall in months: from yearly sums (the opening one, and its changes) the monthly figures opening, changes and
    closing. Each change is the difference of rounded sums, so that they add up to the minor unit."""
    level, told = opening, [monthly(opening)]
    for change in changes:
        told.append(monthly(level + change) - monthly(level))
        level += change
    return [*told, monthly(level)]


def converted(yearly: Mapping[str, int], rates: Mapping[str, int], decimals: Mapping[str, int], own: str) -> int:
    """Yearly sums in several currencies (minor units) as one monthly sum in the `own` one, rounded once, at the end.

    `rates`: millionths of the own currency for one major unit. Raises `KeyError` where a rate is missing.
    """
    each = (Fraction(sum_ * rates[code], 10 ** decimals[code] * 1_000_000) for code, sum_ in yearly.items())
    whole = sum(each, Fraction()) * 10 ** decimals[own]
    twelfth = abs(whole) / 12
    rounded = int(twelfth + Fraction(1, 2))
    return rounded if whole >= 0 else -rounded

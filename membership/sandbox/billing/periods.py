"""Billing periods in the calendar, in UTC, counted from an anchor.

A subscription that began on the 31st renews on the last day of shorter months and on the 31st again afterwards, so each
boundary is counted from the anchor and never from the boundary before
(https://docs.stripe.com/billing/subscriptions/billing-cycle).
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

SECONDS = {"day": 86_400, "week": 7 * 86_400}


def boundary(anchor: int, n: int, interval: str, count: int = 1) -> int:
    """The time `n` periods of `count` intervals after the anchor (Unix seconds)."""
    if interval in SECONDS:
        return anchor + n * count * SECONDS[interval]
    start = datetime.fromtimestamp(anchor, UTC)
    months = start.year * 12 + start.month - 1 + n * count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def period_at(anchor: int, at: int, interval: str, count: int = 1) -> tuple[int, int]:
    """The period, start included and end not, that holds the time `at` (which is not before the anchor)."""
    longest = {"day": 86_400, "week": 7 * 86_400, "month": 31 * 86_400, "year": 366 * 86_400}[interval] * count
    n = max(0, (at - anchor) // longest)
    while boundary(anchor, n + 1, interval, count) <= at:
        n += 1
    return boundary(anchor, n, interval, count), boundary(anchor, n + 1, interval, count)


def periods(anchor: int, until: int, interval: str, count: int = 1) -> list[tuple[int, int]]:
    """Every period that begins before `until`."""
    found, n = [], 0
    while (start := boundary(anchor, n, interval, count)) < until:
        n += 1
        found.append((start, boundary(anchor, n, interval, count)))
    return found

"""On which terms a perk is somebody's: tiers, months of standing, once or again, from when to when, how many. Pure.

`look` answers for one reader and one perk, with the reason when it is no, and with the day when time alone makes it a yes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from membership.memberships.rules import GRACE, months_later

RHYTHMS: Mapping[str, int | None] = {"once": None, "yearly": 12, "monthly": 1}
"""Months until the next one is due, counted from the last; None when there is no next one."""


@dataclass(frozen=True)
class Terms:
    """A perk's terms. No `tiers`: all of them carry it. `most`: so many are issued at most."""

    tiers: frozenset[int] = frozenset()
    months: int = 0
    rhythm: str = "once"
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    most: int | None = None


@dataclass(frozen=True)
class Stand:
    """How a reader stands: in which tiers, since when without a break, and until when if nothing more is paid.

    No tiers: no standing; then the times are None.
    """

    tiers: frozenset[int] = frozenset()
    since: datetime | None = None
    kept_until: datetime | None = None


@dataclass(frozen=True)
class Had:
    """What of a perk was issued to this reader before: how many times, and when last."""

    times: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """Whether a perk is due now. If not, `why` is one of the words below, and `at` the day when time alone makes it due.

    `standing`, `tier`: not a patron, or of another tier. `had`: once, and it was. `over`: its time has passed, or passes
    before it could be due. `gone`: all that there were are issued. With a day: `months`, `opens`, `rhythm`.
    """

    due: bool
    why: str = ""
    at: datetime | None = None


def look(terms: Terms, stand: Stand, had: Had, *, issued: int, at: datetime) -> Answer:
    """Whether a perk is due to a reader at a moment. `issued`: how many of its places are taken, by anybody."""
    if not stand.tiers or stand.since is None:
        return Answer(False, "standing")
    if not carries(terms.tiers, stand.tiers):
        return Answer(False, "tier")
    if terms.closes_at is not None and terms.closes_at <= at:
        return Answer(False, "over")
    every = RHYTHMS[terms.rhythm]
    if had.times and every is None:
        return Answer(False, "had")
    due_at, why = _when(terms, stand, had, every)
    if terms.closes_at is not None and due_at is not None and due_at >= terms.closes_at:
        return Answer(False, "over")
    if terms.most is not None and issued >= terms.most:
        return Answer(False, "gone")
    if due_at is not None and due_at > at:
        return Answer(False, why, due_at)
    return Answer(True)


def _when(terms: Terms, stand: Stand, had: Had, every: int | None) -> tuple[datetime | None, str]:
    """The last of the days before which a perk is not due, and which one that is; None when there is none."""
    assert stand.since is not None
    days = [(months_later(stand.since, terms.months), "months")] if terms.months else []
    if terms.opens_at is not None:
        days.append((terms.opens_at, "opens"))
    if had.last_at is not None and every is not None:
        days.append((months_later(had.last_at, every), "rhythm"))
    return max(days, default=(None, ""))


def carries(perk_tiers: Collection[int], reader_tiers: Collection[int]) -> bool:
    """Whether a reader who has standing in these tiers gets a perk; one without tiers of its own belongs to all."""
    return bool(reader_tiers) and (not perk_tiers or not set(perk_tiers).isdisjoint(reader_tiers))


def keeps(perk_tiers: Collection[int], reader_tiers: Collection[int], ranks: Mapping[int, int]) -> bool:
    """Whether what was issued stays: as long as a tier carries it, or one that stands above one that does (an upgrade).

    `ranks`: the tiers' places in their order, the smallest tier first.
    """
    if carries(perk_tiers, reader_tiers):
        return True
    if not reader_tiers or not perk_tiers:
        return False
    return max(ranks[tier] for tier in reader_tiers) > min(ranks[tier] for tier in perk_tiers)


def unbroken_since(spans: Iterable[tuple[datetime, datetime]], *, at: datetime) -> datetime | None:
    """Since when somebody has stood without a break, from all times (beginning, end) in which anything gave them standing;
    None without standing now. A gap that a late payment may leave (`GRACE`) is no break.
    """
    since: datetime | None = None
    reach: datetime | None = None
    for begins, ends in sorted(span for span in spans if span[0] <= at):
        if reach is None or begins > reach + GRACE:
            since = begins
        reach = max(ends, reach) if reach is not None else ends
    return since if reach is not None and at <= reach + GRACE else None


def next_look(moments: Iterable[datetime | None], *, at: datetime) -> datetime | None:
    """The first of these moments that is still to come: then the same question may have another answer."""
    return min((moment for moment in moments if moment is not None and moment > at), default=None)

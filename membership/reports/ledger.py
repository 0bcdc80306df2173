"""The report `ledger`: our ledger beside Stripe's balance transactions, to the minor unit, and where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.gateway.listing import Transaction
from membership.giving.models import LedgerEntry

HEAD = ("part", "day", "currency", "item", "ours", "stripe", "difference")


@dataclass(frozen=True)
class Day:
    """Net sums of one day (UTC) and currency, minor units."""

    day: str
    currency: str
    ours: int
    theirs: int

    @property
    def difference(self) -> int:
        """Ours less Stripe's."""
        return self.ours - self.theirs


@dataclass(frozen=True)
class Apart:
    """A balance transaction that differs: `ours` is None where we have no line, `theirs` where Stripe has no booking."""

    id: str
    day: str
    currency: str
    type: str
    ours: int | None
    theirs: int | None


@dataclass(frozen=True)
class LedgerReport:
    """Both ledgers from `since` (inclusive) to `until` (exclusive; None: now)."""

    since: datetime
    until: datetime | None
    kinds: dict[str, dict[str, int]]
    days: tuple[Day, ...]
    apart: tuple[Apart, ...]

    @property
    def agrees(self) -> bool:
        """Whether both are the same to the minor unit."""
        return not self.apart


@dataclass
class _Line:
    day: str
    currency: str
    net: int


def ledger_report(
    session: Session,
    theirs: Iterable[Transaction],
    *,
    since: datetime,
    until: datetime | None,
    currency: str | None = None,
) -> LedgerReport:
    """Compare. `theirs` are Stripe's balance transactions of the same time, in any order."""
    within = [LedgerEntry.at >= since, *([LedgerEntry.at < until] if until else [])]
    within += [LedgerEntry.currency == currency] if currency else []
    # What came by other ways is booked under a name of its own: Stripe knows nothing of it.
    within += [LedgerEntry.stripe_id.not_like("way:%")]
    ours: dict[str, _Line] = {}
    statement = select(LedgerEntry.stripe_id, LedgerEntry.currency, LedgerEntry.amount, LedgerEntry.at).where(*within)
    for row in session.execute(statement).yield_per(1000):
        line = ours.setdefault(row.stripe_id, _Line(_day(row.at), row.currency, 0))
        line.net += row.amount
    sums: dict[tuple[str, str], list[int]] = {}
    for line in ours.values():
        sums.setdefault((line.day, line.currency), [0, 0])[0] += line.net
    apart = []
    for one in theirs:
        if currency and one.currency != currency:
            continue
        sums.setdefault((_day(one.at), one.currency), [0, 0])[1] += one.net
        mine = ours.pop(one.id, None)
        if mine is None or mine.net != one.net:
            apart.append(Apart(one.id, _day(one.at), one.currency, one.type, mine.net if mine else None, one.net))
    apart += [Apart(id, line.day, line.currency, "", line.net, None) for id, line in ours.items()]
    days = tuple(Day(day, code, *pair) for (day, code), pair in sorted(sums.items()))
    by_day = sorted(apart, key=lambda one: (one.day, one.id))
    return LedgerReport(since, until, _kinds(session, within), days, tuple(by_day))


def _kinds(session: Session, within: list[Any]) -> dict[str, dict[str, int]]:
    statement = select(LedgerEntry.currency, LedgerEntry.kind, func.sum(LedgerEntry.amount)).where(*within)
    found: dict[str, dict[str, int]] = {}
    for code, kind, amount in session.execute(statement.group_by(LedgerEntry.currency, LedgerEntry.kind)):
        found.setdefault(code, {})[kind] = int(amount)
    return found


def ledger_rows(report: LedgerReport) -> Iterator[tuple[str | int, ...]]:
    """As rows under `HEAD`; amounts in minor units."""
    for code, kinds in sorted(report.kinds.items()):
        for kind, amount in sorted(kinds.items()):
            yield ("kind", "", code, kind, amount, "", "")
    for day in report.days:
        yield ("day", day.day, day.currency, "net", day.ours, day.theirs, day.difference)
    for one in report.apart:
        difference = (one.ours or 0) - (one.theirs or 0)
        item = f"{one.id} {one.type}".strip()
        yield ("apart", one.day, one.currency, item, _or_empty(one.ours), _or_empty(one.theirs), difference)
    yield ("sum", "", "", "agrees" if report.agrees else "differs", "", "", sum(day.difference for day in report.days))


def ledger_json(report: LedgerReport) -> dict[str, Any]:
    """For scripts; amounts in minor units."""
    return {
        "report": "ledger",
        "from": report.since.isoformat(),
        "to": report.until.isoformat() if report.until else None,
        "agrees": report.agrees,
        "kinds": report.kinds,
        "days": [
            {"day": d.day, "currency": d.currency, "ours": d.ours, "stripe": d.theirs, "difference": d.difference}
            for d in report.days
        ],
        "apart": [
            {"id": a.id, "day": a.day, "currency": a.currency, "type": a.type, "ours": a.ours, "stripe": a.theirs}
            for a in report.apart
        ],
    }


def _or_empty(amount: int | None) -> int | str:
    return "" if amount is None else amount


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"

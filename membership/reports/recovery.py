"""The report `recovery`: payments that failed in the last twelve months, and what each step of the letters brought back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.dunning.models import UnpaidInvoice
from membership.dunning.rules import REMINDERS, Reason
from membership.money import Money
from membership.reports.rules import MONTHS_SHOWN, month_start
from membership.reports.tables import amount

HEAD = ("part", "item", "how", "currency", "payments", "amount")
STATES = ("recovered", "open", "given_up")
STEPS = ("first", *REMINDERS, "expiring", "account")
"""After which letter a payment came: the first, a reminder, the notice of an expiring card; `account`: by oneself."""


@dataclass(frozen=True)
class Sum:
    """So many failed payments of so much, in one currency. `item` is a state, a step or a reason; `how` what brought it."""

    item: str
    how: str
    money: Money
    payments: int


@dataclass(frozen=True)
class RecoveryReport:
    """By first failure since `since`. `whys` holds, for each reason, what failed; `won`, what of it came back."""

    at: datetime
    since: datetime
    zone: str
    states: tuple[Sum, ...]
    steps: tuple[Sum, ...]
    whys: tuple[Sum, ...]
    won: tuple[Sum, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no payment failed."""
        return not self.states

    @property
    def currencies(self) -> tuple[str, ...]:
        """In which any payment failed."""
        return tuple(sorted({line.money.currency for line in self.states}))

    def failed(self, code: str) -> Sum:
        """All that failed in a currency."""
        return _total([line for line in self.states if line.money.currency == code], code)

    def recovered(self, code: str) -> Sum:
        """All of it that came back."""
        kept = [line for line in self.states if line.money.currency == code and line.item == "recovered"]
        return _total(kept, code)

    def won_of(self, why: Sum) -> Sum:
        """What came back of the payments that failed for a reason."""
        same = [one for one in self.won if (one.item, one.money.currency) == (why.item, why.money.currency)]
        return _total(same, why.money.currency)


def recovery_report(session: Session, at: datetime, zone: str) -> RecoveryReport:
    """The report as of `at`; twelve months as they begin in `zone`, the running one included."""
    since = month_start(at, zone, back=MONTHS_SHOWN - 1)
    rows = session.execute(
        select(
            UnpaidInvoice.state,
            UnpaidInvoice.reason,
            UnpaidInvoice.recovered_step,
            UnpaidInvoice.recovered_by,
            UnpaidInvoice.currency,
            func.count(UnpaidInvoice.id),
            func.sum(UnpaidInvoice.amount),
        )
        .where(UnpaidInvoice.first_failed_at >= since, UnpaidInvoice.first_failed_at <= at)
        .group_by(
            UnpaidInvoice.state, UnpaidInvoice.reason, UnpaidInvoice.recovered_step, UnpaidInvoice.recovered_by,
            UnpaidInvoice.currency,
        )
    ).all()  # fmt: skip
    found = [(row[0], row[1], row[2], row[3], row[4], int(row[5]), int(row[6])) for row in rows]
    back = [row for row in found if row[0] == "recovered"]
    return RecoveryReport(
        at,
        since,
        zone,
        states=_sums([(state, "", *rest) for state, _, _, _, *rest in found], STATES),
        steps=_sums([(step or "first", how or "", *rest) for _, _, step, how, *rest in back], STEPS),
        whys=_sums([(reason, "", *rest) for _, reason, _, _, *rest in found], tuple(Reason)),
        won=_sums([(reason, "", *rest) for _, reason, _, _, *rest in back], tuple(Reason)),
    )


def _sums(rows: list[tuple[Any, ...]], order: tuple[str, ...]) -> tuple[Sum, ...]:
    """Rows of (item, how, currency, number, minor units) added up, by currency and then in the given order."""
    added: dict[tuple[str, str, str], list[int]] = {}
    for item, how, code, number, minor in rows:
        pair = added.setdefault((code, item, how), [0, 0])
        pair[0], pair[1] = pair[0] + number, pair[1] + minor
    keys = sorted(added, key=lambda key: (key[0], order.index(key[1]), key[2]))
    return tuple(Sum(key[1], key[2], Money(added[key][1], key[0]), added[key][0]) for key in keys)


def _total(lines: list[Sum], code: str) -> Sum:
    return Sum("", "", Money(sum(line.money.minor for line in lines), code), sum(line.payments for line in lines))


def recovery_rows(report: RecoveryReport) -> Iterator[tuple[Any, ...]]:
    """As rows under `HEAD`; amounts in major units, exact."""
    yield ("about", f"as of {report.at.isoformat()}", "", "", "", "")
    yield ("about", f"since {report.since.isoformat()}", "", "", "", "")
    for part, lines in _parts(report):
        for line in lines:
            yield (part, line.item, line.how, line.money.currency, line.payments, amount(line.money))


def recovery_json(report: RecoveryReport) -> dict[str, Any]:
    """For scripts."""
    told: dict[str, Any] = {"report": "recovery", "as_of": report.at.isoformat(), "since": report.since.isoformat()}
    for part, lines in _parts(report):
        told[part] = [
            {"item": line.item, "how": line.how, "currency": line.money.currency, "payments": line.payments}
            | {"amount": str(amount(line.money))}
            for line in lines
        ]
    return told


def _parts(report: RecoveryReport) -> tuple[tuple[str, tuple[Sum, ...]], ...]:
    return (("state", report.states), ("step", report.steps), ("failed for", report.whys), ("came back", report.won))

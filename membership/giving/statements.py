"""A donor's year: every payment, what went back, and the sums in each currency, by the newsroom's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from membership.giving.cases import PaymentCase, cases_of
from membership.giving.correction_rules import DISPUTE_TAKES
from membership.money import Money


@dataclass(frozen=True)
class StatementLine:
    """One movement: `kind` is `paid`, `refunded` or `disputed`; `amount` is negative when it went back; `of` is the
    payment's kind (`membership`, `donation`, `gift`)."""

    at: datetime
    kind: str
    of: str
    amount: Money
    receipt: str
    void: bool


@dataclass(frozen=True)
class Sum:
    """A year's sums in one currency; `kept` is what is left of what was paid."""

    paid: Money
    returned: Money
    kept: Money


@dataclass(frozen=True)
class Statement:
    """A reader's year."""

    year: int
    lines: list[StatementLine]
    sums: list[Sum]


def years_of(session: Session, reader_id: int, zone: str) -> list[int]:
    """The years in which a reader's money moved, the newest first."""
    return sorted({_year(line, zone) for case in cases_of(session, reader_id) for line in _lines(case)}, reverse=True)


def statement(session: Session, reader_id: int, year: int, zone: str) -> Statement:
    """What moved in a year, the oldest first. A refund stands in the year in which it was made."""
    lines = [line for case in cases_of(session, reader_id) for line in _lines(case) if _year(line, zone) == year]
    lines.sort(key=lambda line: line.at)
    return Statement(year, lines, [_sum(code, lines) for code in sorted({line.amount.currency for line in lines})])


def _year(line: StatementLine, zone: str) -> int:
    return line.at.astimezone(ZoneInfo(zone)).year


def _lines(case: PaymentCase) -> list[StatementLine]:
    of = case.payment.kind
    newest = case.receipts[-1] if case.receipts else None
    number, void = (newest.number, newest.voided_at is not None) if newest else ("", False)
    found = [StatementLine(case.payment.paid_at, "paid", of, case.amount, number, void)]
    for refund in case.refunds:
        if refund.state == "succeeded":
            found.append(_back("refunded", refund.asked_at, refund.amount, case))
    for dispute in case.disputes:
        if dispute.status in DISPUTE_TAKES:
            found.append(_back("disputed", dispute.opened_at, dispute.amount, case))
    return found


def _back(kind: str, at: datetime, minor: int, case: PaymentCase) -> StatementLine:
    return StatementLine(at, kind, case.payment.kind, Money(-minor, case.payment.currency), "", False)


def _sum(code: str, lines: list[StatementLine]) -> Sum:
    minors = [line.amount.minor for line in lines if line.amount.currency == code]
    paid, returned = sum(minor for minor in minors if minor > 0), -sum(minor for minor in minors if minor < 0)
    return Sum(Money(paid, code), Money(returned, code), Money(paid - returned, code))

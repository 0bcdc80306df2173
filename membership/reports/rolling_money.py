"""Rolling up money: the ledger's lines by month, and payouts that add up. As with movements, what is not rolled up yet is
added when a report is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, select, union_all
from sqlalchemy.orm import Session

from membership.db import insert_each_once
from membership.giving.models import LedgerEntry, Payment
from membership.giving.payout_models import Payout, PayoutLine
from membership.reports.frame import Asked
from membership.reports.lines import month_of
from membership.reports.models import RollUp
from membership.reports.money_models import LedgerMonth, PayoutSum
from membership.reports.rolling import nobody_writes, upsert
from membership.reports.rules import begin_of, months
from membership.reports.within import month_of_column, within

LINES_AT_ONCE = 50_000
PAYOUTS_AT_ONCE = 50
_REFUNDS = ("refund", "refund_returned")


@dataclass(frozen=True)
class Booked:
    """So many lines of the ledger, which add up to `amount`: see `LedgerMonth`."""

    month: str
    currency: str
    paid_for: str
    method: str
    kind: str
    number: int
    amount: int


@dataclass(frozen=True)
class Carried:
    """What a payout carried, as far as our ledger knows; `amount` is the payout's own, `lines` what Stripe's list of its
    bookings adds up to. All in minor units, what was taken away below nought."""

    stripe_id: str
    created_at: datetime
    arrives_at: datetime
    status: str
    currency: str
    amount: int
    payments: int
    gross: int
    fees: int
    refunds: int
    disputes: int
    other: int

    @property
    def net(self) -> int:
        """What our ledger says that it carried."""
        return self.gross + self.fees + self.refunds + self.disputes + self.other

    @property
    def difference(self) -> int:
        """What is missing for the two to agree; 0 if they do."""
        return self.amount - self.net


def settled_upto(session: Session) -> int:
    """The number of the last ledger line below which no other can still appear (as `rolling.settled_upto`)."""
    if not nobody_writes(session, "ledger_entry"):
        return 0
    return session.execute(select(func.coalesce(func.max(LedgerEntry.id), 0))).scalar_one()


def roll(session: Session, zone: str, upto: int, *, most: int = LINES_AT_ONCE) -> bool:
    """Add the next lines of the ledger to the sums, and the next payouts that add up; whether there are more. The row of
    marks is there and of this zone: movements come first."""
    state = session.execute(select(RollUp).with_for_update()).scalar_one()
    last = min(upto, state.ledger_upto + most)
    if last > state.ledger_upto:
        upsert(session, LedgerMonth, ("number", "amount"), _booked(session, zone, state.ledger_upto, last))
        state.ledger_upto = last
    return _roll_payouts(session, state) or last < upto


def _booked(session: Session, zone: str, after: int, upto: int) -> list[Booked]:
    meant = [LedgerEntry.id > after, LedgerEntry.id <= upto, LedgerEntry.kind != "payout"]
    first, last = session.execute(select(func.min(LedgerEntry.at), func.max(LedgerEntry.at)).where(*meant)).one()
    if first is None:
        return []
    names = months(month_of(first, zone), month_of(last, zone))
    month = case(*((LedgerEntry.at >= begin_of(name, zone), name) for name in reversed(names)))
    return [_told(row) for row in session.execute(_grouped(month, meant))]


def _told(row: Any) -> Booked:
    month, code, paid_for, method, kind, number, sum_ = row
    return Booked(month, code, paid_for, method, kind, int(number), int(sum_))


def _grouped(month: ColumnElement[str], meant: list[Any]) -> Select[*tuple[Any, ...]]:
    each = (
        select(
            month.label("month"), LedgerEntry.currency, func.coalesce(Payment.kind, "").label("paid_for"),
            func.coalesce(Payment.method, "").label("method"), LedgerEntry.kind, LedgerEntry.amount,
        )
        .outerjoin(Payment, Payment.id == LedgerEntry.payment_id)
        .where(*meant)
        .subquery()
    )  # fmt: skip
    keys = (each.c.month, each.c.currency, each.c.paid_for, each.c.method, each.c.kind)
    return select(*keys, func.count().label("number"), func.sum(each.c.amount).label("amount")).group_by(*keys)


def booked(session: Session, asked: Asked) -> list[Booked]:
    """The ledger by month within what was asked: the sums, and the lines that they do not reach, in one statement."""
    reach = select(RollUp.ledger_upto).where(RollUp.zone == asked.zone)
    table = LedgerMonth
    rolled = select(table.month, table.currency, table.paid_for, table.method, table.kind, table.number, table.amount).where(
        table.month >= asked.since, table.month <= asked.until, reach.exists()
    )
    behind = LedgerEntry.id > func.coalesce(reach.scalar_subquery(), 0)
    meant = [behind, *within(LedgerEntry.at, asked), LedgerEntry.kind != "payout"]
    if asked.currency:
        rolled, meant = rolled.where(table.currency == asked.currency), [*meant, LedgerEntry.currency == asked.currency]
    fresh = _grouped(month_of_column(LedgerEntry.at, asked), meant)
    return [_told(row) for row in session.execute(union_all(rolled, fresh)).all()]


def _roll_payouts(session: Session, state: RollUp) -> bool:
    """Of the next payouts without sums, those that add up; whether there are more. At the end it goes round: what did not add
    up is looked at again the next time."""
    waiting = select(Payout.id).where(Payout.id > state.payout_upto, ~exists().where(PayoutSum.payout_id == Payout.id))
    ids = list(session.execute(waiting.order_by(Payout.id).limit(PAYOUTS_AT_ONCE)).scalars())
    lines = _lines_of(Payout.id.in_(ids)).subquery()
    listed = select(func.sum(PayoutLine.net)).where(PayoutLine.payout_id == Payout.id).scalar_subquery()
    statement = (
        select(lines)
        .join(Payout, Payout.id == lines.c.payout_id)
        .where(lines.c.net == Payout.amount, listed == Payout.amount)
    )
    names = ("payout_id", "payments", "gross", "fees", "refunds", "disputes", "other")
    rows = [{name: int(getattr(row, name)) for name in names} for row in session.execute(statement)] if ids else []
    if rows:
        insert_each_once(session, PayoutSum, rows)
    more = len(ids) == PAYOUTS_AT_ONCE
    state.payout_upto = ids[-1] if more else 0
    session.flush()
    return more


def _lines_of(*which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """What our ledger says of payouts: sums by kind, a row for each payout that carries any line of it."""

    def of(*kinds: str) -> ColumnElement[int]:
        return func.sum(case((LedgerEntry.kind.in_(kinds), LedgerEntry.amount), else_=0))

    return (
        select(
            PayoutLine.payout_id,
            func.sum(case((LedgerEntry.kind == "gross", 1), else_=0)).label("payments"),
            of("gross").label("gross"), of("fee").label("fees"), of(*_REFUNDS).label("refunds"),
            of("dispute").label("disputes"), of("other", "payout").label("other"),
            func.sum(LedgerEntry.amount).label("net"),
        )
        .join(LedgerEntry, LedgerEntry.stripe_id == PayoutLine.stripe_id)
        .join(Payout, Payout.id == PayoutLine.payout_id)
        .where(*which)
        .group_by(PayoutLine.payout_id)
    )  # fmt: skip


def carried(session: Session, asked: Asked) -> list[Carried]:
    """The payouts made in the months that were asked for, the oldest first: from the sums, or from the ledger itself."""
    meant = [*within(Payout.created_at, asked), *([Payout.currency == asked.currency] if asked.currency else [])]
    names = ("payments", "gross", "fees", "refunds", "disputes", "other")
    statement = (
        select(
            Payout.id, Payout.stripe_id, Payout.created_at, Payout.arrives_at, Payout.status, Payout.currency, Payout.amount,
            *(getattr(PayoutSum, name) for name in names),
        )
        .outerjoin(PayoutSum, PayoutSum.payout_id == Payout.id)
        .where(*meant)
        .order_by(Payout.created_at, Payout.id)
    )  # fmt: skip
    rows = session.execute(statement).all()
    waiting = [row[0] for row in rows if row.payments is None]
    found = session.execute(_lines_of(Payout.id.in_(waiting))).all() if waiting else []
    fresh = {row.payout_id: [getattr(row, name) for name in names] for row in found}
    none = [0] * len(names)
    return [
        Carried(*row[1:7], *map(int, row[7:] if row.payments is not None else fresh.get(row[0], none))) for row in rows
    ]

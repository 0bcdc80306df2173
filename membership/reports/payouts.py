"""The report `payouts`: what reached the bank, of which payments it is made, and in which payout a payment came; both ways
adding up to the minor unit. Single payments are for managers (`payout_pages`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session

from membership.giving.models import LedgerEntry, Payment
from membership.giving.payout_models import Payout, PayoutLine
from membership.money import Money
from membership.reports.charts import columns
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.lines import month_of
from membership.reports.pictures import month_words
from membership.reports.rolling_money import Carried, carried
from membership.reports.rules import months
from membership.reports.tables import amount
from membership.reports.within import within
from membership.web.locale import money

HEAD = (
    "payout", "made_on", "arrives_on", "booking", "kind", "payment", "paid_for", "method", "currency", "moved", "fee", "net",
)  # fmt: skip
SHOWN = 50
"""So many payouts stand on the page."""
_COLUMNS = ("gross", "fees", "refunds", "disputes", "other")


@dataclass(frozen=True)
class Booking:
    """One of Stripe's bookings: what moved, the fee, and what is left of it, as our ledger has them; `listed` is the net in
    Stripe's list of the payout. `payment` and what follows are empty for what is of no payment, `payout` for what has not
    been paid out yet."""

    id: str
    kind: str
    currency: str
    moved: int
    fee: int
    listed: int | None
    at: datetime
    payout: str
    payment: str
    paid_for: str
    method: str
    reader_id: int | None
    made_at: datetime | None
    arrives_at: datetime | None

    @property
    def net(self) -> int:
        """What moved, less the fee."""
        return self.moved + self.fee


def payouts(session: Session, asked: Asked) -> list[Part]:
    """Month by month, then each of them."""
    found = carried(session, asked)
    return [_months(asked, found), _each(asked, found)]


def _sums(lines: list[Carried], code: str) -> tuple[Any, ...]:
    sums = [sum(getattr(one, name) for one in lines) for name in (*_COLUMNS, "amount", "difference")]
    return (sum(one.payments for one in lines), *(Money(one, code) for one in sums))


def _figures() -> tuple[Heading, ...]:
    return (
        Heading("payments", gettext("Payments"), "people"),
        Heading("gross", gettext("Gross"), "money"),
        Heading("fees", gettext("Fees"), "money"),
        Heading("refunds", gettext("Refunds"), "money"),
        Heading("disputes", gettext("Disputes"), "money"),
        Heading("other", gettext("Other"), "money"),
        Heading("amount", gettext("Paid out"), "money"),
        Heading("difference", gettext("Difference"), "money"),
    )


def _months(asked: Asked, found: list[Carried]) -> Part:
    rows: list[tuple[Any, ...]] = []
    codes = sorted({one.currency for one in found}, key=lambda code: (code != asked.own, code))
    good: dict[tuple[str, str], list[Carried]] = defaultdict(list)
    for one in found:
        if one.status not in ("failed", "canceled"):
            good[month_of(one.created_at, asked.zone), one.currency].append(one)
    for month in months(asked.since, asked.until):
        for code in codes:
            if mine := good[month, code]:
                rows.append((month, code, len(mine), *_sums(mine, code)))
    return Part(
        "months",
        gettext("Month by month"),
        gettext(
            "By the day on which the processor made the payout; the bank has it some days later. What it carries, payment by"
            " payment, is taken from our ledger; what the processor says it paid out stands beside it. The difference is"
            " what is missing for the two to agree, and should be nothing: a moment after a payout its bookings may still be"
            " on their way here. Payouts that failed are left out; their money came back and is in a later one. Money by"
            " other ways goes to the bank by itself and is not here."
        ),
        (
            Heading("month", gettext("Month"), "month"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("payouts", gettext("Payouts"), "count"),
            *_figures(),
        ),
        tuple(rows),
        lambda: [_drawn(asked, code, rows) for code in codes],
    )


def _drawn(asked: Asked, code: str, rows: list[tuple[Any, ...]]) -> Drawing:
    sums = {row[0]: row[-2] for row in rows if row[1] == code}
    told = [(month, sums.get(month, Money(0, code))) for month in months(asked.since, asked.until)]
    points = [(month_words(month, "LLL"), max(one.minor, 0), money(one)) for month, one in told]
    desc = ", ".join(f"{month_words(month)}: {money(one)}" for month, one in told)
    title = gettext("Paid out by month in %(currency)s", currency=code)
    return Drawing(f"paid-{code.lower()}", title, desc, columns=tuple(columns(points)))


def _each(asked: Asked, found: list[Carried]) -> Part:
    words = {status: status_words(status) for status in {one.status for one in found}}
    rows = [
        (
            one.stripe_id, day_of(one.created_at, asked.zone), day_of(one.arrives_at, asked.zone), words[one.status],
            one.status, one.currency, *_sums([one], one.currency),
        )
        for one in reversed(found)
    ]  # fmt: skip
    return Part(
        "payouts",
        gettext("Each payout"),
        gettext("The newest first. Gross, fees, refunds, disputes and the rest add up to what was paid out."),
        (
            Heading("payout", gettext("Payout"), "text"),
            Heading("made_on", gettext("Made on"), "text"),
            Heading("arrives_on", gettext("At the bank"), "text"),
            Heading("words", gettext("State"), "text", only="page"),
            Heading("status", "", "text", only="file"),
            Heading("currency", gettext("Currency"), "text"),
            *_figures(),
        ),
        tuple(rows),
        most=SHOWN,
    )


def day_of(at: datetime, zone: str) -> str:
    """The day of a moment by a zone's clocks."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d}"


def status_words(status: str) -> str:
    """What Stripe says of a payout, for people."""
    return {
        "pending": gettext("Waiting"),
        "in_transit": gettext("On its way"),
        "paid": gettext("Arrived"),
        "failed": gettext("Failed"),
        "canceled": gettext("Cancelled"),
    }.get(status, status)


def _bookings() -> Select[*tuple[Any, ...]]:
    fee = func.sum(case((LedgerEntry.kind == "fee", LedgerEntry.amount), else_=0)).label("fee")
    moved = func.sum(case((LedgerEntry.kind != "fee", LedgerEntry.amount), else_=0)).label("moved")
    kind = func.max(case((LedgerEntry.kind != "fee", LedgerEntry.kind), else_="")).label("kind")
    return (
        select(
            LedgerEntry.stripe_id.label("booking"), kind, LedgerEntry.currency, moved, fee,
            func.min(LedgerEntry.at).label("at"),
            PayoutLine.net.label("listed"), Payout.stripe_id.label("payout"), Payout.created_at, Payout.arrives_at,
            Payment.stripe_id.label("payment"), Payment.kind.label("paid_for"), Payment.method, Payment.reader_id,
        )
        .outerjoin(PayoutLine, PayoutLine.stripe_id == LedgerEntry.stripe_id)
        .outerjoin(Payout, Payout.id == PayoutLine.payout_id)
        .outerjoin(Payment, Payment.id == LedgerEntry.payment_id)
        .group_by(
            LedgerEntry.stripe_id, LedgerEntry.currency, PayoutLine.net, Payout.stripe_id, Payout.created_at,
            Payout.arrives_at, Payment.stripe_id, Payment.kind, Payment.method, Payment.reader_id,
        )
    )  # fmt: skip


def _told(row: Any) -> Booking:
    return Booking(
        row.booking, row.kind or "fee", row.currency, int(row.moved), int(row.fee), row.listed, row.at, row.payout or "",
        row.payment or "", row.paid_for or "", row.method or "", row.reader_id, row.created_at, row.arrives_at,
    )  # fmt: skip


def payout_at(session: Session, stripe_id: str) -> Payout | None:
    """The payout with this number of Stripe's."""
    return session.execute(select(Payout).where(Payout.stripe_id == stripe_id)).scalar_one_or_none()


def payment_at(session: Session, stripe_id: str) -> Payment | None:
    """The payment with this number of Stripe's: of the invoice, the payment intent or the charge."""
    names = or_(
        Payment.stripe_id == stripe_id, Payment.payment_intent_id == stripe_id, Payment.charge_id == stripe_id
    )
    return session.execute(select(Payment).where(names).order_by(Payment.id).limit(1)).scalar_one_or_none()


def carried_by(session: Session, payout_id: int, *, most: int, offset: int = 0) -> list[Booking]:
    """The bookings that a payout carries, in the order in which they were made."""
    statement = _bookings().where(PayoutLine.payout_id == payout_id).order_by(func.min(LedgerEntry.id))
    return [_told(row) for row in session.execute(statement.limit(most).offset(offset))]


def bookings_of(session: Session, payment_id: int) -> list[Booking]:
    """All bookings of a payment, and the payout of each."""
    statement = _bookings().where(LedgerEntry.payment_id == payment_id).order_by(func.min(LedgerEntry.id))
    return [_told(row) for row in session.execute(statement)]


def lines(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """Every booking of the payouts of these months, as rows under `HEAD`; read as they are asked for, payout by payout."""
    meant = [*within(Payout.created_at, asked), *([Payout.currency == asked.currency] if asked.currency else [])]
    ids = session.execute(select(Payout.id).where(*meant).order_by(Payout.created_at, Payout.id)).scalars().all()
    for payout_id in ids:
        statement = _bookings().where(PayoutLine.payout_id == payout_id).order_by(func.min(LedgerEntry.id))
        for one in map(_told, session.execute(statement.execution_options(yield_per=1000))):
            moved, fee, net = (amount(Money(sum_, one.currency)) for sum_ in (one.moved, one.fee, one.net))
            made, arrives = (day_of(at, asked.zone) if at else "" for at in (one.made_at, one.arrives_at))
            yield (
                one.payout, made, arrives, one.id, one.kind, one.payment, one.paid_for, one.method, one.currency, moved, fee,
                net,
            )  # fmt: skip


def how_many(session: Session, asked: Asked) -> int:
    """How many rows `lines` has at most: bookings that our ledger does not know yet are in none."""
    meant = [*within(Payout.created_at, asked), *([Payout.currency == asked.currency] if asked.currency else [])]
    statement = select(func.count()).select_from(PayoutLine).join(Payout, Payout.id == PayoutLine.payout_id)
    return session.execute(statement.where(*meant)).scalar_one()

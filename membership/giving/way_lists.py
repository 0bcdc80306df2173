"""The gifts that came another way, as staff see them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.giving.models import Payment
from membership.giving.receipt_models import Receipt
from membership.giving.way_models import OtherGift
from membership.money import Money

SHOWN = 100


@dataclass(frozen=True)
class GiftLine:
    """One of them, with its newest receipt's number."""

    gift: OtherGift
    payment: Payment
    amount: Money
    receipt: str


def gifts(session: Session) -> list[GiftLine]:
    """The newest hundred."""
    newest = select(func.max(Receipt.id)).where(Receipt.payment_id == Payment.id).correlate(Payment).scalar_subquery()
    statement = (
        select(OtherGift, Payment, Receipt)
        .join(Payment, Payment.id == OtherGift.payment_id)
        .outerjoin(Receipt, Receipt.id == newest)
        .order_by(Payment.id.desc())
        .limit(SHOWN)
    )
    return [
        GiftLine(gift, payment, Money(payment.amount, payment.currency), receipt.number if receipt else "")
        for gift, payment, receipt in session.execute(statement)
    ]

"""Keeping payouts in step with Stripe: the row, what it carries, and its own bookings in the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.gateway.listing import PayoutReading, Transaction
from membership.giving.ledger import book
from membership.giving.payout_models import Payout, PayoutLine


def keep_payout(session: Session, payout: PayoutReading, carried: Iterable[Transaction]) -> None:
    """Bring a payout to what Stripe says. Its booking is money that left; a failed one comes back with its own."""
    insert_once(
        session,
        Payout,
        stripe_id=payout.id,
        currency=payout.currency,
        amount=payout.amount,
        status=payout.status,
        created_at=payout.created_at,
        arrives_at=payout.arrives_at,
    )
    session.execute(update(Payout).where(Payout.stripe_id == payout.id).values(status=payout.status))
    row_id = session.execute(select(Payout.id).where(Payout.stripe_id == payout.id)).scalar_one()
    own = {booking.id for booking in payout.bookings}
    for one in carried:
        if one.id not in own:
            insert_once(session, PayoutLine, stripe_id=one.id, payout_id=row_id, net=one.net)
    for booking in payout.bookings:
        book(session, booking, kind="payout", payment_id=None)

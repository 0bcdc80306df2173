"""The ledger: each balance transaction of Stripe's becomes lines that add up to its net, once."""

from __future__ import annotations

from sqlalchemy.orm import Session

from membership.db import insert_each_once
from membership.gateway.readings import Booking
from membership.giving.models import LedgerEntry


def book(session: Session, booking: Booking, *, kind: str, payment_id: int | None) -> None:
    """What moved, and the fee if there was one, as lines of one balance transaction. Booked twice is booked once."""
    lines = {kind: booking.amount, "fee": -booking.fee}
    shared = {"payment_id": payment_id, "currency": booking.currency, "at": booking.at, "stripe_id": booking.id}
    rows = [
        shared | {"kind": line_kind, "amount": amount}
        for line_kind, amount in lines.items()
        if amount or line_kind == kind
    ]
    insert_each_once(session, LedgerEntry, rows)

"""What came of each try to charge: asked for when a payment was declined, to see whether somebody tries out cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from membership.gateway.client import _fetched, _v1


@dataclass(frozen=True)
class TryReading:
    """A charge that the bank paid or declined. `card` is the card's fingerprint, the same for the same number; `email`
    the payer's as Stripe has it."""

    charge_id: str
    paid: bool
    card: str | None
    email: str | None
    currency: str
    amount: int
    at: datetime


@_fetched
def tries_of(payment_intent_id: str) -> list[TryReading]:
    """Every decided try of a payment (docs.stripe.com/api/charges/list); one that a slow bank has yet to decide is none."""
    page = _v1().charges.list({"payment_intent": payment_intent_id, "limit": 100})
    found = []
    for charge in page.data:
        if charge.status not in {"succeeded", "failed"}:
            continue
        details = getattr(charge, "payment_method_details", None)
        method = getattr(details, str(details.type), None) if details else None
        found.append(
            TryReading(
                charge_id=charge.id,
                paid=charge.status == "succeeded",
                card=getattr(method, "fingerprint", None),
                email=getattr(charge.billing_details, "email", None),
                currency=charge.currency.upper(),
                amount=charge.amount,
                at=datetime.fromtimestamp(charge.created, UTC),
            )
        )
    return found

"""Stripe's answers, made up on the spot: what is measured is our part, the time of waiting for Stripe left out.

Every subscription `sub_N` has been renewed once more than our books know. How often something was asked is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from datetime import UTC, datetime, timedelta

from bench.people import JOINED
from membership.gateway import client
from membership.gateway.readings import Booking, InvoiceReading, PaymentReading, Settlement, SubscriptionReading

asked: Counter[str] = Counter()
RENEWED = JOINED + timedelta(days=30)
PAID = datetime(2026, 12, 1, 12, 5, tzinfo=UTC)


def answer_here() -> None:
    """From now on the gateway's questions are answered by this process."""
    client.subscription = subscription
    client.paid_invoices = paid_invoices
    client.payment = payment


def subscription(subscription_id: str) -> SubscriptionReading:
    asked["subscription"] += 1
    return SubscriptionReading(
        id=subscription_id, token=None, customer_id=f"cus_{subscription_id}", status="active",
        product_id="prod_friend", currency="EUR", amount=500, interval="month", started_at=JOINED,
        period_ends_at=RENEWED + timedelta(days=30), ends_at=None, ended_at=None, payment_failed=False,
    )  # fmt: skip


def paid_invoices(subscription_id: str, known: Container[str]) -> list[InvoiceReading]:
    asked["invoices"] += 1
    number = subscription_id.removeprefix("sub_")
    if f"in_{number}" in known:
        return []
    return [
        InvoiceReading(
            id=f"in_{number}", subscription_id=subscription_id, status="paid", currency="EUR", amount_paid=500,
            paid_at=PAID, period_start=RENEWED, period_end=RENEWED + timedelta(days=30),
            payment_intent_id=f"pi_{number}",
        )
    ]  # fmt: skip


def payment(payment_intent_id: str) -> PaymentReading:
    asked["payment"] += 1
    number = payment_intent_id.removeprefix("pi_")
    booked = Booking(f"txn_{number}", "EUR", 500, 33, PAID)
    settled = Settlement(payment_intent_id, f"ch_{number}", "card", "visa", "4242", PAID, booked, False)
    return PaymentReading(payment_intent_id, None, "succeeded", "EUR", 500, f"cus_sub_{number}", PAID, settled)

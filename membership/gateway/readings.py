"""Stripe's shapes, read once into small frozen dataclasses of ours. Amounts are minor units, times aware UTC.

The shapes are those of API version 2026-10-28.endive (stripe-python 16.1): periods stand on the subscription's items, an
invoice names its subscription under `parent`, and its payments are a list of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Settlement:
    """How a payment was made and what Stripe booked for it. The fee is known once the balance transaction is."""

    payment_intent_id: str
    charge_id: str
    method: str
    card_brand: str | None
    card_last4: str | None
    balance_transaction_id: str | None
    settled_currency: str
    settled_gross: int
    settled_fee: int
    settled_at: datetime


@dataclass(frozen=True)
class CheckoutReading:
    """A Checkout session. `token` is our checkout's (client_reference_id)."""

    id: str
    token: str | None
    mode: str
    status: str | None
    payment_status: str
    customer_id: str | None
    subscription_id: str | None
    payment_intent_id: str | None


@dataclass(frozen=True)
class SubscriptionReading:
    """A subscription. `ends_at` is set while a cancellation is scheduled, whichever way it was asked for."""

    id: str
    token: str | None
    customer_id: str
    status: str
    product_id: str
    currency: str
    amount: int
    interval: str
    started_at: datetime
    period_ends_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    payment_failed: bool


@dataclass(frozen=True)
class InvoiceReading:
    """An invoice of a subscription. `settlement` is there once something was paid."""

    id: str
    subscription_id: str | None
    status: str | None
    currency: str
    amount_paid: int
    paid_at: datetime | None
    period_start: datetime
    period_end: datetime
    payment_intent_id: str | None


@dataclass(frozen=True)
class PaymentReading:
    """A payment intent outside any subscription. `token` is our checkout's."""

    id: str
    token: str | None
    status: str
    currency: str
    amount: int
    customer_id: str | None
    created_at: datetime
    settlement: Settlement | None


def read_checkout(session: Any) -> CheckoutReading:
    """From a `checkout.session`."""
    return CheckoutReading(
        id=session.id,
        token=session.client_reference_id,
        mode=session.mode,
        status=session.status,
        payment_status=session.payment_status,
        customer_id=_id(session.customer),
        subscription_id=_id(session.subscription),
        payment_intent_id=_id(session.payment_intent),
    )


def read_subscription(subscription: Any) -> SubscriptionReading:
    """From a `subscription`; one item, as this house makes them."""
    item = subscription["items"].data[0]
    period_ends_at = _time(getattr(item, "current_period_end", None))
    ends_at = _time(subscription.cancel_at) or (period_ends_at if subscription.cancel_at_period_end else None)
    details = getattr(subscription, "cancellation_details", None)
    return SubscriptionReading(
        id=subscription.id,
        token=_value(subscription.metadata, "checkout"),
        customer_id=_id(subscription.customer) or "",
        status=subscription.status,
        product_id=_id(item.price.product) or "",
        currency=subscription.currency.upper(),
        amount=(item.price.unit_amount or 0) * (getattr(item, "quantity", 1) or 1),
        interval=item.price.recurring.interval,
        started_at=_time(subscription.start_date) or datetime.now(UTC),
        period_ends_at=period_ends_at,
        ends_at=ends_at,
        ended_at=_time(subscription.ended_at),
        payment_failed=getattr(details, "reason", None) == "payment_failed",
    )


def read_invoice(invoice: Any) -> InvoiceReading:
    """From an `invoice`; the paid period is the latest that its lines name."""
    parent = getattr(invoice, "parent", None)
    details = getattr(parent, "subscription_details", None) if parent else None
    periods = [(line.period.start, line.period.end) for line in invoice.lines.data]
    start, end = max(periods, key=lambda period: period[1]) if periods else (invoice.period_start, invoice.period_end)
    paid = [payment for payment in _list(getattr(invoice, "payments", None)) if payment.status == "paid"]
    return InvoiceReading(
        id=invoice.id,
        subscription_id=_id(getattr(details, "subscription", None)),
        status=invoice.status,
        currency=invoice.currency.upper(),
        amount_paid=invoice.amount_paid,
        paid_at=_time(invoice.status_transitions.paid_at),
        period_start=datetime.fromtimestamp(start, UTC),
        period_end=datetime.fromtimestamp(end, UTC),
        payment_intent_id=_id(getattr(paid[0].payment, "payment_intent", None)) if paid else None,
    )


def read_payment(intent: Any) -> PaymentReading:
    """From a `payment_intent` with `latest_charge.balance_transaction` expanded."""
    return PaymentReading(
        id=intent.id,
        token=_value(intent.metadata, "checkout"),
        status=intent.status,
        currency=intent.currency.upper(),
        amount=intent.amount_received,
        customer_id=_id(intent.customer),
        created_at=datetime.fromtimestamp(intent.created, UTC),
        settlement=_settlement(intent) if intent.status == "succeeded" else None,
    )


def _settlement(intent: Any) -> Settlement | None:
    charge = intent.latest_charge
    if charge is None or isinstance(charge, str):
        return None
    booked = charge.balance_transaction
    known = booked is not None and not isinstance(booked, str)
    details = charge.payment_method_details
    card = getattr(details, "card", None)
    return Settlement(
        payment_intent_id=intent.id,
        charge_id=charge.id,
        method=details.type,
        card_brand=getattr(card, "brand", None),
        card_last4=getattr(card, "last4", None),
        balance_transaction_id=booked.id if known else None,
        settled_currency=(booked.currency if known else charge.currency).upper(),
        settled_gross=booked.amount if known else charge.amount,
        settled_fee=booked.fee if known else 0,
        settled_at=datetime.fromtimestamp(booked.created if known else charge.created, UTC),
    )


def _id(value: Any) -> str | None:
    """An id, whether the field holds it bare or expanded."""
    return value if value is None or isinstance(value, str) else str(value.id)


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _value(metadata: Any, key: str) -> str | None:
    return str(metadata[key]) if metadata is not None and key in metadata else None


def _list(page: Any) -> list[Any]:
    return list(page.data) if page is not None else []

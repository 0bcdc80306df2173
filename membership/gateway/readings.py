"""Stripe's shapes, read once into small frozen dataclasses of ours. Amounts are minor units, times aware UTC.

The shapes are those of API version 2026-10-28.endive (stripe-python 16.1): periods stand on the subscription's items, an
invoice names its subscription under `parent`, and its payments are a list of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Booking:
    """A balance transaction: what Stripe booked. `amount` is signed; `fee` is what Stripe kept of it (also signed)."""

    id: str
    currency: str
    amount: int
    fee: int
    at: datetime


@dataclass(frozen=True)
class Settlement:
    """How a payment was made and what Stripe booked for it. `booked` is None until Stripe has made its booking.

    `corrected` tells that money went back or is disputed: then refunds and disputes are worth asking for.
    """

    payment_intent_id: str
    charge_id: str
    method: str
    card_brand: str | None
    card_last4: str | None
    paid_at: datetime
    booked: Booking | None
    corrected: bool
    card_fingerprint: str | None = None


@dataclass(frozen=True)
class RefundReading:
    """A refund; `token` is ours if we asked for it, `status` Stripe's (pending, requires_action, succeeded, failed,
    canceled). One that fails later gives the money back, with a booking of its own (`failure`)."""

    id: str
    token: str | None
    status: str
    reason: str | None
    currency: str
    amount: int
    created_at: datetime
    booked: Booking | None
    failure: Booking | None


@dataclass(frozen=True)
class DisputeReading:
    """A dispute. `warning_*` statuses are inquiries that move no money; `bookings` are the withdrawals and returns."""

    id: str
    status: str
    reason: str
    currency: str
    amount: int
    created_at: datetime
    bookings: tuple[Booking, ...]


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
class PlannedReading:
    """What a subscription's schedule changes it to next, and when."""

    product_id: str
    amount: int
    interval: str
    starts_at: datetime
    quantity: int = 1


@dataclass(frozen=True)
class SubscriptionReading:
    """A subscription; `amount` is for all of its `quantity`.

    `ends_at` is set while a cancellation is scheduled, whichever way it was asked for.

    `planned` is known only where the schedule was expanded (`PLANNED`); `paused`: no money is collected, until
    `resumes_at` if that is known.
    """

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
    item_id: str = ""
    schedule_id: str | None = None
    planned: PlannedReading | None = None
    paused: bool = False
    resumes_at: datetime | None = None
    quantity: int = 1


@dataclass(frozen=True)
class InvoiceReading:
    """An invoice of a subscription. `payment_intent_id` is there once something was paid by one."""

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
    """A payment intent. `token` is our checkout's, on a donation; what an invoice collects carries none."""

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
    pause = getattr(subscription, "pause_collection", None)
    return SubscriptionReading(
        id=subscription.id,
        token=_value(subscription.metadata, "checkout"),
        customer_id=_id(subscription.customer) or "",
        status=subscription.status,
        product_id=_id(item.price.product) or "",
        currency=subscription.currency.upper(),
        amount=(item.price.unit_amount or 0) * _quantity(item),
        interval=item.price.recurring.interval,
        started_at=datetime.fromtimestamp(subscription.start_date, UTC),
        period_ends_at=period_ends_at,
        ends_at=ends_at,
        ended_at=_time(subscription.ended_at),
        payment_failed=getattr(details, "reason", None) == "payment_failed",
        item_id=item.id,
        schedule_id=_id(getattr(subscription, "schedule", None)),
        planned=_planned(subscription, item.price.id, _quantity(item)),
        paused=pause is not None or subscription.status == "paused",
        resumes_at=_time(getattr(pause, "resumes_at", None)),
        quantity=_quantity(item),
    )


def _quantity(item: Any) -> int:
    return getattr(item, "quantity", 1) or 1


def _planned(subscription: Any, price_id: str, quantity: int) -> PlannedReading | None:
    """The next phase of an expanded schedule, if it has another price or quantity than now."""
    schedule = getattr(subscription, "schedule", None)
    if schedule is None or isinstance(schedule, str) or schedule.status not in {"active", "not_started"}:
        return None
    end = schedule.current_phase.end_date if schedule.current_phase else 0
    following = [phase for phase in schedule.phases if phase.start_date >= end]
    if not following:
        return None
    item = following[0]["items"][0]
    if isinstance(item.price, str) or (item.price.id, _quantity(item)) == (price_id, quantity):
        return None
    return PlannedReading(
        product_id=_id(item.price.product) or "",
        amount=(item.price.unit_amount or 0) * _quantity(item),
        interval=item.price.recurring.interval,
        quantity=_quantity(item),
        starts_at=datetime.fromtimestamp(following[0].start_date, UTC),
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


def read_refund(refund: Any) -> RefundReading:
    """From a `refund` with its balance transactions expanded."""
    return RefundReading(
        id=refund.id,
        token=_value(refund.metadata, "refund"),
        status=refund.status or "pending",
        reason=refund.reason,
        currency=refund.currency.upper(),
        amount=refund.amount,
        created_at=datetime.fromtimestamp(refund.created, UTC),
        booked=_booking(refund.balance_transaction),
        failure=_booking(getattr(refund, "failure_balance_transaction", None)),
    )


def read_dispute(dispute: Any) -> DisputeReading:
    """From a `dispute`; its balance transactions come along whole."""
    bookings = [_booking(booked) for booked in dispute.balance_transactions]
    return DisputeReading(
        id=dispute.id,
        status=dispute.status,
        reason=dispute.reason,
        currency=dispute.currency.upper(),
        amount=dispute.amount,
        created_at=datetime.fromtimestamp(dispute.created, UTC),
        bookings=tuple(booking for booking in bookings if booking is not None),
    )


def _settlement(intent: Any) -> Settlement | None:
    charge = intent.latest_charge
    if charge is None or isinstance(charge, str):
        return None
    details = charge.payment_method_details
    card = getattr(details, "card", None)
    booked = _booking(charge.balance_transaction)
    return Settlement(
        payment_intent_id=intent.id,
        charge_id=charge.id,
        method=details.type,
        card_brand=getattr(card, "brand", None),
        card_last4=getattr(card, "last4", None),
        paid_at=booked.at if booked else datetime.fromtimestamp(charge.created, UTC),
        booked=booked,
        corrected=bool(charge.amount_refunded or charge.disputed),
        card_fingerprint=getattr(card, "fingerprint", None),
    )


def _booking(booked: Any) -> Booking | None:
    """A balance transaction that came along whole; None for one that is not there, or only as an id."""
    if booked is None or isinstance(booked, str):
        return None
    at = datetime.fromtimestamp(booked.created, UTC)
    return Booking(booked.id, booked.currency.upper(), booked.amount, booked.fee, at)


def _id(value: Any) -> str | None:
    """An id, whether the field holds it bare or expanded."""
    return value if value is None or isinstance(value, str) else str(value.id)


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _value(metadata: Any, key: str) -> str | None:
    return str(metadata[key]) if metadata is not None and key in metadata else None


def _list(page: Any) -> list[Any]:
    return list(page.data) if page is not None else []

"""Whole lists at Stripe, a page at a time, for the reconciler and the ledger report. Newest first, as Stripe lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from membership.gateway import client
from membership.gateway.readings import (
    Booking,
    DisputeReading,
    RefundReading,
    SubscriptionReading,
    _booking,
    read_dispute,
    read_refund,
    read_subscription,
)

T = TypeVar("T")
PAGE = 100
TYPES_AT_ONCE = 20
"""So many types one question may name (docs.stripe.com/api/events/list)."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list; `after` asks for the next one, None when this was the last."""

    items: list[T]
    after: str | None


@dataclass(frozen=True)
class About(Generic[T]):
    """Something read, with the payment intent that it belongs to."""

    payment_intent_id: str | None
    reading: T


@dataclass(frozen=True)
class Transaction:
    """A balance transaction: `amount` and `net` signed, `fee` what Stripe kept. `source` is what moved the money."""

    id: str
    type: str
    currency: str
    amount: int
    fee: int
    net: int
    at: datetime
    source: str | None
    payment_intent_id: str | None


@dataclass(frozen=True)
class LivingReading:
    """A subscription that another system may have made. `amount` (minor units) is for all of its quantity.

    `fits`: one item of a fixed amount, charged every month or year, so that our books can hold it. Otherwise price and
    interval are its first item's, as far as it has them.
    """

    id: str
    customer_id: str
    email: str | None
    status: str
    currency: str
    amount: int
    interval: str
    fits: bool
    started_at: datetime


@dataclass(frozen=True)
class PayoutReading:
    """A payout to our bank; `bookings`: that it left, and if it failed that it came back."""

    id: str
    status: str
    currency: str
    amount: int
    created_at: datetime
    arrives_at: datetime
    bookings: tuple[Booking, ...]


def events(
    types: Sequence[str], *, since: datetime, undelivered: bool = False, after: str | None = None
) -> Page[dict[str, Any]]:
    """Events of these types (at most twenty) as plain JSON; `undelivered`: only those that no endpoint has taken yet."""
    params: dict[str, Any] = {"types": list(types), "created": {"gte": int(since.timestamp())}}
    if undelivered:
        params["delivery_success"] = False
    return _page(lambda v1: v1.events, params, after, lambda event: dict(json.loads(str(event))))


def subscriptions(*, after: str | None = None) -> Page[SubscriptionReading]:
    """Every subscription there ever was, ended ones included; those that are none of this house's making are left out."""
    page = _page(lambda v1: v1.subscriptions, {"status": "all"}, after, _readable)
    return Page([reading for reading in page.items if reading is not None], page.after)


def living(*, after: str | None = None) -> Page[LivingReading]:
    """Every subscription that is not over, whoever made it, with its customer's address."""
    return _page(lambda v1: v1.subscriptions, {"expand": ["data.customer"]}, after, _living)


def refunds(*, since: datetime, after: str | None = None) -> Page[About[RefundReading]]:
    """Refunds made since a moment."""
    params = {"created": {"gte": int(since.timestamp())}}
    return _page(
        lambda v1: v1.refunds, params, after, lambda refund: About(_id(refund.payment_intent), read_refund(refund))
    )


def disputes(*, since: datetime, after: str | None = None) -> Page[About[DisputeReading]]:
    """Disputes opened since a moment."""
    params = {"created": {"gte": int(since.timestamp())}}
    return _page(
        lambda v1: v1.disputes, params, after, lambda dispute: About(_id(dispute.payment_intent), read_dispute(dispute))
    )


def transactions(*, since: datetime, until: datetime | None = None, after: str | None = None) -> Page[Transaction]:
    """Balance transactions booked from `since` (inclusive) to `until` (exclusive)."""
    created = {"gte": int(since.timestamp())} | ({"lt": int(until.timestamp())} if until else {})
    return _page(
        lambda v1: v1.balance_transactions, {"created": created, "expand": ["data.source"]}, after, _transaction
    )


def every_transaction(*, since: datetime, until: datetime | None) -> Iterator[Transaction]:
    """The same, page after page."""
    after = None
    while True:
        page = transactions(since=since, until=until, after=after)
        yield from page.items
        after = page.after
        if after is None:
            return


def payouts(*, since: datetime, after: str | None = None) -> Page[PayoutReading]:
    """Payouts begun since a moment."""
    params = {"created": {"gte": int(since.timestamp())}}
    return _page(lambda v1: v1.payouts, params, after, _payout)


@client._fetched
def payout(payout_id: str) -> PayoutReading:
    """A payout as it is now, with its bookings."""
    expand = ["balance_transaction", "failure_balance_transaction"]
    return _payout(client._v1().payouts.retrieve(payout_id, {"expand": expand}))


@client._fetched
def carried_by(payout_id: str) -> list[Transaction]:
    """Every balance transaction that a payout carries."""
    page = client._v1().balance_transactions.list({"payout": payout_id, "limit": PAGE})
    return [_transaction(booked) for booked in page.auto_paging_iter()]


@client._fetched
def subscription_of_payment(payment_intent_id: str) -> str | None:
    """The subscription whose invoice a payment intent paid; None for one that paid no invoice."""
    payment = {"type": "payment_intent", "payment_intent": payment_intent_id}
    found = client._v1().invoice_payments.list({"payment": payment, "limit": 1, "expand": ["data.invoice"]}).data
    parent = getattr(found[0].invoice, "parent", None) if found else None
    return _id(getattr(getattr(parent, "subscription_details", None), "subscription", None))


def event(event_id: str) -> dict[str, Any]:
    """One event as plain JSON, snapshot or thin, as long as Stripe keeps it (30 days)."""
    try:
        return _snapshot(event_id)
    except client.StripeGone:
        return thin_event(event_id)


@client._fetched
def _snapshot(event_id: str) -> dict[str, Any]:
    return dict(json.loads(str(client._v1().events.retrieve(event_id))))


@client._fetched
def thin_event(event_id: str) -> dict[str, Any]:
    """A thin event with what its delivery leaves out (`data`, `changes`). Raises `StripeGone`."""
    return dict(json.loads(str(client._v2().core.events.retrieve(event_id))))


@client._fetched
def related(url: str) -> dict[str, Any]:
    """The object that a thin event names by its path at Stripe, as plain JSON. Raises `StripeGone`."""
    assert client._client is not None, "gateway.bind was not called"
    return dict(json.loads(client._client.raw_request("get", url).body))


@client._fetched
def _page(
    service: Callable[[Any], Any], params: dict[str, Any], after: str | None, read: Callable[[Any], T]
) -> Page[T]:
    cursor = {"starting_after": after} if after else {}
    page = service(client._v1()).list(params | {"limit": PAGE} | cursor)
    return Page([read(item) for item in page.data], page.data[-1].id if page.has_more and page.data else None)


def _readable(subscription: Any) -> SubscriptionReading | None:
    """A subscription of another maker may have another shape (no item, no fixed amount): that one is not ours."""
    try:
        return read_subscription(subscription)
    except (AttributeError, IndexError, KeyError, TypeError):
        return None


def _living(subscription: Any) -> LivingReading:
    items = subscription["items"].data
    price = items[0].price if items else None
    rhythm = getattr(price, "recurring", None)
    interval = getattr(rhythm, "interval", None) or ""
    amount = getattr(price, "unit_amount", None)
    customer = subscription.customer
    return LivingReading(
        id=subscription.id,
        customer_id=_id(customer) or "",
        email=None if isinstance(customer, str) else getattr(customer, "email", None),
        status=subscription.status,
        currency=subscription.currency.upper(),
        amount=(amount or 0) * ((getattr(items[0], "quantity", 1) or 1) if items else 1),
        interval=interval,
        fits=len(items) == 1
        and amount is not None
        and interval in ("month", "year")
        and getattr(rhythm, "interval_count", 1) == 1,
        started_at=datetime.fromtimestamp(subscription.start_date, UTC),
    )


def _transaction(booked: Any) -> Transaction:
    return Transaction(
        id=booked.id,
        type=booked.type,
        currency=booked.currency.upper(),
        amount=booked.amount,
        fee=booked.fee,
        net=booked.net,
        at=datetime.fromtimestamp(booked.created, UTC),
        source=_id(booked.source),
        payment_intent_id=_id(getattr(booked.source, "payment_intent", None)),
    )


def _payout(payout: Any) -> PayoutReading:
    bookings = [_booking(payout.balance_transaction), _booking(getattr(payout, "failure_balance_transaction", None))]
    return PayoutReading(
        id=payout.id,
        status=payout.status,
        currency=payout.currency.upper(),
        amount=payout.amount,
        created_at=datetime.fromtimestamp(payout.created, UTC),
        arrives_at=datetime.fromtimestamp(payout.arrival_date, UTC),
        bookings=tuple(booking for booking in bookings if booking is not None),
    )


def _id(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value.id)

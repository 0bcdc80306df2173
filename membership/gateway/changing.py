"""Changing a running subscription: more now, less later, a pause. Each answers with the subscription after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from membership.gateway.client import WITH_PLAN, _named, _v1, release_plan
from membership.gateway.readings import SubscriptionReading, read_subscription
from membership.money import Money
from membership.refusals import N_, Refused


class BankSaysNo(Refused):
    """The difference could not be collected; Stripe changed nothing."""

    status = 402
    words = N_(
        "Your bank declined the payment of the difference, so nothing was changed and nothing was charged. You can enter"
        " another card and try again."
    )


@dataclass(frozen=True)
class Wanted:
    """What a membership is to become: the product of its tier, the amount, and how often. `key` makes a request one."""

    product_id: str
    amount: Money
    interval: str
    key: str


def _item(wanted: Wanted) -> dict[str, Any]:
    return {
        "price_data": {
            "currency": wanted.amount.currency.lower(),
            "unit_amount": wanted.amount.minor,
            "product": wanted.product_id,
            "recurring": {"interval": wanted.interval},
        }
    }


@_named
def estimate(subscription: SubscriptionReading, wanted: Wanted) -> Money:
    """What a change would cost at this moment (docs.stripe.com/api/invoices/create_preview); never below nothing."""
    details = {"items": [{"id": subscription.item_id, **_item(wanted)}], "proration_behavior": "always_invoice"}
    params = {"subscription": subscription.id, "subscription_details": details}
    return Money(_v1().invoices.create_preview(params).amount_due, subscription.currency)


@_named
def change_now(subscription: SubscriptionReading, wanted: Wanted) -> SubscriptionReading:
    """Change at once and collect the difference; whole or not at all. Raises `BankSaysNo`."""
    params = {
        "items": [{"id": subscription.item_id, **_item(wanted)}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "error_if_incomplete",
        **WITH_PLAN,
    }
    try:
        changed = _v1().subscriptions.update(subscription.id, params, {"idempotency_key": f"change-{wanted.key}"})
    except stripe.CardError as error:
        raise BankSaysNo() from error
    return read_subscription(changed)


@_named
def change_later(subscription: SubscriptionReading, wanted: Wanted) -> SubscriptionReading:
    """Change with the next period, by a schedule of two phases that then lets the subscription go on by itself."""
    if subscription.schedule_id:  # one whose change has come about already, but that has not let go yet
        release_plan(subscription.id)
    return _plan(subscription, {**_item(wanted), "quantity": 1}, wanted.interval, wanted.key)


def _plan(
    subscription: SubscriptionReading, then: dict[str, Any] | int, interval: str, key: str
) -> SubscriptionReading:
    """Two phases: what runs now until its period's end, then the item `then`, or so many of what runs now."""
    schedules = _v1().subscription_schedules
    made = schedules.create({"from_subscription": subscription.id}, {"idempotency_key": f"plan-{key}"})
    now = made.phases[0]
    item = now["items"][0]
    price_id = item.price if isinstance(item.price, str) else item.price.id
    running = {
        "items": [{"price": price_id, "quantity": item.quantity}],
        "start_date": now.start_date,
        "end_date": now.end_date,
    }
    following = {
        "items": [{"price": price_id, "quantity": then} if isinstance(then, int) else then],
        "duration": {"interval": interval, "interval_count": 1},
        "proration_behavior": "none",
    }
    params = {"phases": [running, following], "end_behavior": "release"}
    schedules.update(made.id, params, {"idempotency_key": f"phases-{key}"})
    return read_subscription(_v1().subscriptions.retrieve(subscription.id, WITH_PLAN))


@_named
def estimate_seats(subscription: SubscriptionReading, seats: int) -> Money:
    """What another number of seats would cost at this moment; never below nothing."""
    details = {"items": [{"id": subscription.item_id, "quantity": seats}], "proration_behavior": "always_invoice"}
    params = {"subscription": subscription.id, "subscription_details": details}
    return Money(_v1().invoices.create_preview(params).amount_due, subscription.currency)


@_named
def seats_now(subscription: SubscriptionReading, seats: int, *, key: str) -> SubscriptionReading:
    """More seats at once, for the difference; whole or not at all. Raises `BankSaysNo`."""
    params = {
        "items": [{"id": subscription.item_id, "quantity": seats}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "error_if_incomplete",
        **WITH_PLAN,
    }
    try:
        changed = _v1().subscriptions.update(subscription.id, params, {"idempotency_key": f"seats-{key}"})
    except stripe.CardError as error:
        raise BankSaysNo() from error
    return read_subscription(changed)


@_named
def seats_later(subscription: SubscriptionReading, seats: int, *, key: str) -> SubscriptionReading:
    """Fewer seats with the next period: this one is paid."""
    if subscription.schedule_id:
        release_plan(subscription.id)
    return _plan(subscription, seats, subscription.interval, key)


@_named
def drop_plan(subscription_id: str) -> SubscriptionReading:
    """Take back what was planned for later."""
    release_plan(subscription_id)
    return read_subscription(_v1().subscriptions.retrieve(subscription_id, WITH_PLAN))


@_named
def pause(subscription_id: str, until: datetime) -> SubscriptionReading:
    """Collect nothing until then; invoices that fall due meanwhile are void
    (docs.stripe.com/billing/subscriptions/pause-payment)."""
    pause: Any = {"behavior": "void", "resumes_at": int(until.timestamp())}
    return read_subscription(_v1().subscriptions.update(subscription_id, {"pause_collection": pause, **WITH_PLAN}))


@_named
def resume(subscription_id: str) -> SubscriptionReading:
    """Collect again, from the next period on."""
    return read_subscription(_v1().subscriptions.update(subscription_id, {"pause_collection": "", **WITH_PLAN}))

"""A subscription's life by the clock: renewal, retries of a failed one, the end.

https://docs.stripe.com/billing/subscriptions/overview and https://docs.stripe.com/billing/revenue-recovery/smart-retries
"""

from __future__ import annotations

from typing import Any

from membership.sandbox.billing import collecting, invoicing, schedules
from membership.sandbox.billing.periods import period_at
from membership.sandbox.store import announced_at
from membership.sandbox.world import World


def look_at(world: World, subscription: dict[str, Any]) -> None:
    """It is due: announce its renewal, collect again after a pause, end it if that was asked for, or renew it."""
    now = world.now()
    announced = announced_at(subscription)
    if announced and announced <= now:
        announce(world, subscription)
        return
    pause = subscription["pause_collection"]
    if pause and pause["resumes_at"] and pause["resumes_at"] <= now:
        world.change(subscription, "customer.subscription.updated", pause_collection=None)
        return
    subscription = schedules.stepped(world, subscription)
    if subscription["cancel_at"] and subscription["cancel_at"] <= now:
        end(world, subscription, subscription["cancellation_details"]["reason"] or "cancellation_requested")
    else:
        renew(world, subscription)


def announce(world: World, subscription: dict[str, Any]) -> None:
    """`invoice.upcoming`: 7 days before a renewal, 30 before a yearly one; nothing when that moment has long passed."""
    end = subscription["items"]["data"][0]["current_period_end"]
    world.save({**subscription, "_announced": end})
    if end > world.now():
        span = invoicing.next_period(subscription)
        world.tell("invoice.upcoming", invoicing.preview(world, subscription, span, at=end))


def renew(world: World, subscription: dict[str, Any]) -> None:
    """Roll the period, write its invoice, and try to take the money."""
    item = subscription["items"]["data"][0]
    recurring = item["price"]["recurring"]
    start, finish = period_at(
        subscription["billing_cycle_anchor"],
        item["current_period_end"],
        recurring["interval"],
        recurring["interval_count"],
    )
    draft = invoicing.write(world, subscription, "subscription_cycle", start, finish)
    rolled = roll(subscription, start, finish, draft["id"])
    world.save(rolled)
    world.tell("customer.subscription.updated", rolled, before=subscription)
    if rolled["pause_collection"]:
        invoicing.set_aside(world, draft, rolled["pause_collection"]["behavior"])
    else:
        follow(world, collecting.collect(world, invoicing.finalize(world, draft), rolled))


def roll(subscription: dict[str, Any], start: int, finish: int, invoice_id: str) -> dict[str, Any]:
    """The subscription in its new period."""
    items = subscription["items"]
    data = [{**part, "current_period_start": start, "current_period_end": finish} for part in items["data"]]
    return {**subscription, "items": {**items, "data": data}, "latest_invoice": invoice_id}


def retry(world: World, invoice: dict[str, Any]) -> None:
    """The next try at an open invoice is due."""
    subscription = subscription_of(world, invoice)
    if subscription is None or subscription["status"] in ("canceled", "incomplete_expired"):
        world.save({**invoice, "next_payment_attempt": None, "auto_advance": False})
        return
    follow(world, collecting.collect(world, invoice, subscription))


def subscription_of(world: World, invoice: dict[str, Any]) -> dict[str, Any] | None:
    """The subscription that an invoice belongs to, as it is now."""
    return world.store.get("subscription", invoice["parent"]["subscription_details"]["subscription"])


def follow(world: World, invoice: dict[str, Any]) -> None:
    """What a try at an invoice makes of its subscription: active, past due, or over."""
    subscription = subscription_of(world, invoice)
    if (
        subscription is None
        or subscription["status"] in ("canceled", "paused")
        or collecting.is_waiting(world, invoice)
    ):
        return
    if invoice["status"] == "paid":
        if subscription["latest_invoice"] == invoice["id"]:
            world.change(subscription, "customer.subscription.updated", status="active")
    elif invoice["next_payment_attempt"] is not None:
        world.change(subscription, "customer.subscription.updated", status="past_due")
    elif world.settings.after_retries == "canceled":
        end(world, subscription, "payment_failed")
    else:
        world.change(subscription, "customer.subscription.updated", status=world.settings.after_retries)


def end(world: World, subscription: dict[str, Any], reason: str, **details: str | None) -> dict[str, Any]:
    """The subscription is over: `customer.subscription.deleted`. Open invoices are no longer tried."""
    now = world.now()
    over = {
        **subscription,
        "status": "canceled",
        "ended_at": now,
        "canceled_at": subscription["canceled_at"] or now,
        "cancellation_details": {**subscription["cancellation_details"], "reason": reason, **details},
    }
    world.save(over)
    for invoice in world.store.find("invoice", owner=over["id"]):
        if invoice["status"] == "open":
            world.save({**invoice, "next_payment_attempt": None, "auto_advance": False})
    schedules.cut_off(world, over)
    world.tell("customer.subscription.deleted", over)
    return over


def schedule_end(subscription: dict[str, Any], at: int | None, now: int, *, at_period_end: bool) -> dict[str, Any]:
    """The fields of a subscription that is to end at a time, or (None) no longer is."""
    details = subscription["cancellation_details"]
    return {
        "cancel_at": at,
        "cancel_at_period_end": at is not None and at_period_end,
        "canceled_at": None if at is None else now,
        "cancellation_details": {**details, "reason": None if at is None else "cancellation_requested"},
    }

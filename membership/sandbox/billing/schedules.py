"""A subscription's planned changes, phase by phase (https://docs.stripe.com/billing/subscriptions/subscription-schedules).

A phase that begins where a period does, the usual way to a lower price, holds from that renewal on; anywhere else it
changes the price without a proration.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox.shapes.catalogue import plan
from membership.sandbox.world import World


def next_step(schedule: dict[str, Any]) -> dict[str, Any]:
    """The schedule with the note of when the clock has to look at it again."""
    running = schedule["status"] == "active"
    return {**schedule, "_due": schedule["current_phase"]["end_date"] if running else None}


def look_at(world: World, schedule: dict[str, Any]) -> None:
    """A phase is over."""
    subscription = world.store.get("subscription", schedule["subscription"])
    if subscription is None or subscription["schedule"] != schedule["id"]:
        world.save({**schedule, "_due": None})
    else:
        stepped(world, subscription)


def stepped(world: World, subscription: dict[str, Any]) -> dict[str, Any]:
    """The subscription in the phase that it is in now, its schedule's end included."""
    schedule = world.store.get("subscription_schedule", subscription["schedule"] or "")
    while schedule is not None and schedule["status"] == "active":
        if schedule["current_phase"]["end_date"] > world.now():
            break
        schedule, subscription = _next_phase(world, schedule, subscription)
    return subscription


def _next_phase(
    world: World, schedule: dict[str, Any], subscription: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    over = schedule["current_phase"]["end_date"]
    phase = next((one for one in schedule["phases"] if one["start_date"] == over), None)
    if phase is None:
        after, subscription = release(world, schedule)
        return after, subscription
    current = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    after = next_step({**schedule, "current_phase": current})
    world.save(after)
    world.tell("subscription_schedule.updated", after, before=schedule)
    return after, _entered(world, subscription, phase)


def _entered(world: World, subscription: dict[str, Any], phase: dict[str, Any]) -> dict[str, Any]:
    wanted, item = phase["items"][0], subscription["items"]["data"][0]
    price = world.get("price", wanted["price"])
    fresh = {**item, "price": price, "plan": plan(price), "quantity": wanted["quantity"]}
    rhythms = [(of["recurring"]["interval"], of["recurring"]["interval_count"]) for of in (price, item["price"])]
    return world.change(
        subscription,
        "customer.subscription.updated",
        items={**subscription["items"], "data": [fresh]},
        metadata={**subscription["metadata"], **phase["metadata"]},
        billing_cycle_anchor=(
            subscription["billing_cycle_anchor"] if rhythms[0] == rhythms[1] else item["current_period_end"]
        ),
    )


def release(world: World, schedule: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let the subscription go on by itself as it is now; or, where the end behaviour is cancel, end it."""
    subscription = world.get("subscription", schedule["subscription"])
    ends = schedule["end_behavior"] == "cancel" and schedule["current_phase"]["end_date"] <= world.now()
    after = {
        **schedule,
        "current_phase": None,
        "status": "completed" if ends else "released",
        "completed_at" if ends else "released_at": world.now(),
        "subscription": subscription["id"] if ends else None,
        "released_subscription": None if ends else subscription["id"],
        "_due": None,
    }
    world.save(after)
    free = world.change(
        subscription,
        "customer.subscription.updated",
        schedule=None,
        **({"cancel_at": world.now(), "canceled_at": world.now()} if ends else {}),
    )
    world.tell("subscription_schedule.completed" if ends else "subscription_schedule.released", after, before=schedule)
    return after, free


def follow(world: World, subscription: dict[str, Any]) -> None:
    """The subscription was changed by hand: its running phase is now that."""
    schedule = world.store.get("subscription_schedule", subscription["schedule"] or "")
    if schedule is None:
        return
    item, begun = subscription["items"]["data"][0], schedule["current_phase"]["start_date"]
    named = {"price": item["price"]["id"], "plan": item["price"]["id"], "quantity": item["quantity"]}
    phases = [
        {**one, "items": [{**one["items"][0], **named}]} if one["start_date"] == begun else one
        for one in schedule["phases"]
    ]
    world.change(schedule, "subscription_schedule.updated", phases=phases)


def cut_off(world: World, subscription: dict[str, Any]) -> None:
    """The subscription ended before its schedule did."""
    schedule = world.store.get("subscription_schedule", subscription["schedule"] or "")
    if schedule is not None and schedule["status"] == "active":
        after = {**schedule, "status": "canceled", "canceled_at": world.now(), "current_phase": None, "_due": None}
        world.save(after)
        world.tell("subscription_schedule.canceled", after, before=schedule)

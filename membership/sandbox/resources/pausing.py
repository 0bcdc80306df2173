"""Pausing a whole subscription and resuming it (https://docs.stripe.com/billing/subscriptions/pause).

Unlike `pause_collection` this ends the period's service: the status is `paused` and no invoice is written until it is
resumed. The unused time is credited unless `bill_for[unused_time_from][type]` says `none`.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox.answers import Refusal
from membership.sandbox.billing import changing, renewing
from membership.sandbox.billing.periods import period_at
from membership.sandbox.params import Choice, Field, Group
from membership.sandbox.resources.subscription_items import ANCHOR, PRORATE
from membership.sandbox.routes import Route
from membership.sandbox.world import World


def pause(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    """Stop at once, crediting the unused time now, in whole, or not at all."""
    old = world.get("subscription", id)
    if old["status"] not in ("active", "past_due", "trialing"):
        raise Refusal(f"You cannot pause a subscription that is {old['status']}.")
    since = given.get("bill_for", {}).get("unused_time_from", {}).get("type", "now")
    item = old["items"]["data"][0]
    moments = {"now": world.now(), "item_current_period_start": item["current_period_start"]}
    found = changing.credit(world, old, moments[since]) if since in moments else None
    if found and found["amount"]:
        changing.keep(world, [found])
    details = {
        "paused": {
            "subscription": {"type": "pause_requested"},
            "transitioned_at": world.now(),
            "type": "subscription",
        }
    }
    after = {**old, "status": "paused", "status_details": details}
    world.save(after)
    world.tell("customer.subscription.updated", after, before=old)
    world.tell("customer.subscription.paused", after, before=old)
    if found and found["amount"] and given.get("invoicing_behavior") == "invoice":
        return changing.invoice_now(world, after, full=False)
    return after


def resume(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    """Go on: with a new period from now, or in the old rhythm for what is left of the period."""
    old = world.get("subscription", id)
    if old["status"] != "paused":
        raise Refusal(f"You can only resume a paused subscription; this one is {old['status']}.")
    now, item = world.now(), old["items"]["data"][0]
    recurring, anew = item["price"]["recurring"], given.get("billing_cycle_anchor", {}).get("type", "now") == "now"
    anchor = now if anew else old["billing_cycle_anchor"]
    start, finish = period_at(anchor, now, recurring["interval"], recurring["interval_count"])
    after = {key: value for key, value in old.items() if key != "status_details"}
    after = {**renewing.roll(after, start, finish, old["latest_invoice"]), "billing_cycle_anchor": anchor}
    after["status"] = "active"
    prorate = given.get("proration_behavior", "create_prorations")
    if not anew and prorate != "none":
        changing.keep(world, [changing.debit(world, after, now)])
    world.save(after)
    world.tell("customer.subscription.updated", after, before=old)
    world.tell("customer.subscription.resumed", after, before=old)
    if anew or prorate == "always_invoice":
        return changing.invoice_now(world, after, full=anew)
    return after


PAUSE: dict[str, Field] = {
    "type": Choice(("subscription",)),
    "invoicing_behavior": Choice(("invoice", "pending_invoice_item")),
    "bill_for": Group(
        {"unused_time_from": Group({"type": Choice(("item_current_period_start", "none", "now"))}, ("type",))}
    ),
}
RESUME: dict[str, Field] = {
    "billing_cycle_anchor": ANCHOR,
    "proration_behavior": PRORATE,
    "payment_behavior": Choice(("resume_on_payment_attempt",)),
}
ROUTES = [
    Route("POST", "/v1/subscriptions/<id>/pause", pause, PAUSE, sdk="SubscriptionPauseParams"),
    Route("POST", "/v1/subscriptions/<id>/resume", resume, RESUME, sdk="SubscriptionResumeParams"),
]

"""/v1/subscriptions and their items, in flexible billing mode (https://docs.stripe.com/api/subscriptions)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import ids, lists, params, searching
from membership.sandbox.answers import Refusal, card_error, missing
from membership.sandbox.billing import changing, collecting, discounts, invoicing, renewing, schedules
from membership.sandbox.billing.periods import period_at
from membership.sandbox.params import (
    ID,
    METADATA,
    PAGE,
    Choice,
    Field,
    Group,
    Range,
    Several,
    Text,
    Truth,
    Whole,
)
from membership.sandbox.resources.payment_methods import card_from_token
from membership.sandbox.resources.subscription_items import ANCHOR, ITEM, NEW_ITEM, PRORATE, plan_of_items, price_asked
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes.subscriptions import subscription as subscription_of
from membership.sandbox.world import World

FEEDBACK = (
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)
DETAILS = Group({"comment": Text(unset=True), "feedback": Choice(FEEDBACK, unset=True)})
OVER = ("canceled", "incomplete_expired")
STATUSES = ("active", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired", "trialing", "paused")


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A subscription without the hosted page: the stored card is charged at once, or the request is refused."""
    customer = world.get("customer", given["customer"], "customer")
    price = price_asked(world, given["items"][0], "items[0]") if len(given["items"]) == 1 else None
    if price is None:
        raise missing("items[0][price]")
    chosen = given.get("default_payment_method")
    if chosen:
        card_from_token(world, chosen, "default_payment_method")
    now, recurring = world.now(), price["recurring"]
    start, finish = period_at(now, now, recurring["interval"], recurring["interval_count"])
    new = subscription_of(
        id=ids.new("sub_"),
        item_id=ids.new("si_"),
        created=now,
        customer=customer["id"],
        price=price,
        quantity=given["items"][0].get("quantity", 1),
        period_start=start,
        period_end=finish,
        status="incomplete",
        default_payment_method=chosen,
        metadata=params.merged({}, given.get("metadata", {})),
        description=given.get("description"),
    )
    world.save(new)
    world.tell("customer.subscription.created", new)
    opened = invoicing.finalize(world, invoicing.write(world, new, "subscription_create", start, finish))
    new = world.save({**new, "latest_invoice": opened["id"]})
    if collecting.method_for(world, new) is None:
        raise Refusal(
            "This customer has no attached payment source or default payment method. Please consider adding "
            "a default payment method.",
            code="resource_missing",
        )
    paid = collecting.collect(world, opened, new)
    if paid["status"] != "paid":
        raise card_error("Your card was declined.", "card_declined", "generic_decline")
    return world.change(new, "customer.subscription.updated", status="active")


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("subscription", id)
    if old["status"] in OVER:
        only = set(given) - {"metadata", "cancellation_details"}
        if only:
            raise Refusal("A canceled subscription can only update its cancellation_details and metadata.")
    change: dict[str, Any] = {key: given[key] for key in ("description",) if key in given}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    if "default_payment_method" in given:
        change["default_payment_method"] = _card(world, given["default_payment_method"], old)
    change.update(_ending(world, given, old))
    if "discounts" in given:
        change["discounts"] = _discounts(world, given["discounts"], old)
    if "pause_collection" in given:
        change["pause_collection"] = _pause(world, given["pause_collection"])
    if "cancellation_details" in given:
        details = change.get("cancellation_details", old["cancellation_details"])
        change["cancellation_details"] = {**details, **given["cancellation_details"]}
    before = {**old, **change}
    if "items" in given or given.get("billing_cycle_anchor", {}).get("type") == "now":
        return _change_items(world, given, old, before)
    return world.change(old, "customer.subscription.updated", **change)


def _discounts(world: World, wanted: list[dict[str, str]], old: dict[str, Any]) -> list[str]:
    """Others in place of those there were; none takes them away."""
    for id in old["discounts"]:
        gone = world.store.get("discount", id)
        if gone and not gone.get("_spent"):
            world.tell("customer.discount.deleted", world.save({**gone, "end": world.now(), "_spent": True}))
    if not wanted:
        return []
    item = old["items"]["data"][0]
    found = discounts.asked(world, wanted[0], "discounts[0]")
    discounts.check(found, item["price"]["unit_amount"] * item["quantity"], old["currency"], "discounts[0]")
    return [discounts.redeem(world, found, customer=old["customer"], subscription=old["id"])["id"]]


def _pause(world: World, pause: dict[str, Any] | None) -> dict[str, Any] | None:
    """Collection stands still, for ever or until a time; "" lets it go on."""
    if pause is None:
        return None
    until = pause.get("resumes_at")
    if until is not None and until <= world.now():
        raise Refusal("`resumes_at` must be in the future.", param="pause_collection[resumes_at]")
    return {"behavior": pause["behavior"], "resumes_at": until}


def _card(world: World, chosen: str | None, subscription: dict[str, Any]) -> str | None:
    if not chosen:
        return None
    method = world.get("payment_method", chosen, "default_payment_method")
    if method["customer"] != subscription["customer"]:
        words = (
            f"The customer does not have a payment method with the ID {chosen}. The payment method must be "
            "attached to the customer."
        )
        raise Refusal(words, code="resource_missing", param="default_payment_method")
    return chosen


def _ending(world: World, given: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """`cancel_at_period_end` sets `cancel_at` to the period's end as well; either can be taken back."""
    end = old["items"]["data"][0]["current_period_end"]
    if old["schedule"] and ({"cancel_at", "cancel_at_period_end"} & set(given)):
        raise Refusal(
            f"The subscription is managed by the subscription schedule `{old['schedule']}`, and updating any cancelation "
            "behavior directly is not allowed. Please update the schedule instead."
        )
    if "cancel_at_period_end" in given and "cancel_at" in given:
        words = "You may only specify one of these parameters: cancel_at, cancel_at_period_end."
        raise Refusal(words, param="cancel_at")
    if "cancel_at_period_end" in given:
        if given["cancel_at_period_end"]:
            if old["cancel_at_period_end"]:
                return {}
            return renewing.schedule_end(old, end, world.now(), at_period_end=True)
        return renewing.schedule_end(old, None, world.now(), at_period_end=False)
    if "cancel_at" not in given:
        return {}
    wanted = given["cancel_at"]
    at = None if wanted is None else end if not wanted.isdecimal() else int(wanted)
    if at is not None and at < world.now():
        raise Refusal("`cancel_at` must be in the future.", param="cancel_at")
    return renewing.schedule_end(old, at, world.now(), at_period_end=False)


def _change_items(world: World, given: dict[str, Any], old: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Another price or quantity, as `proration_behavior` has it, or a new period at once."""
    plan = plan_of_items(world, given, after)
    if plan.after == old:
        return old
    changed = changing.carry_out(world, old, plan)
    schedules.follow(world, changed)
    if given.get("payment_behavior") == "error_if_incomplete" and changed["status"] != "active":
        words = "Your card was declined."
        raise Refusal(words, status=402, type="card_error", code="card_declined", decline_code="generic_decline")
    return changed


def cancel(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("subscription", id)
    if given.get("prorate"):
        raise Refusal("The sandbox gives no credit at a cancellation: leave `prorate` out.", param="prorate")
    if old["status"] in OVER:
        raise Refusal(f"No such subscription: '{id}'", status=404, code="resource_missing", param="id")
    return renewing.end(world, old, "cancellation_requested", **(given.get("cancellation_details") or {}))


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    status = given.get("status")

    def wanted(obj: dict[str, Any]) -> bool:
        if status is None and obj["status"] == "canceled":
            return False
        if status == "ended" and obj["status"] not in OVER:
            return False
        if status not in (None, "all", "ended") and obj["status"] != status:
            return False
        return "price" not in given or any(i["price"]["id"] == given["price"] for i in obj["items"]["data"])

    where = {"customer": given["customer"]} if "customer" in given else {}
    return lists.listed(world.store, "subscription", given, "/v1/subscriptions", where=where, keep=wanted)


def search(world: World, given: dict[str, Any]) -> dict[str, Any]:
    fields = ("status", "created", "canceled_at", "metadata")
    return searching.found(world.store, "subscription", fields, given, "/v1/subscriptions/search")


CHANGE: dict[str, Field] = {
    "metadata": METADATA,
    "description": Text(500, unset=True),
    "default_payment_method": Text(255, unset=True),
    "cancel_at_period_end": Truth(),
    "cancel_at": Text(30, unset=True),
    "cancellation_details": DETAILS,
    "items": Several(ITEM, most=20),
    "discounts": Several(Group({"coupon": ID, "promotion_code": ID}), most=1),
    "proration_behavior": PRORATE,
    "proration_date": Whole(),
    "pause_collection": Group(
        {"behavior": Choice(("keep_as_draft", "mark_uncollectible", "void")), "resumes_at": Whole()},
        ("behavior",),
        unset=True,
    ),
    "billing_cycle_anchor": ANCHOR,
    "payment_behavior": Choice(("allow_incomplete", "error_if_incomplete")),
}
CREATE: dict[str, Field] = {
    "customer": ID,
    "items": Several(Group(NEW_ITEM), most=20),
    "default_payment_method": ID,
    "metadata": METADATA,
    "description": Text(500),
}
LIST = {**PAGE, "customer": ID, "price": ID, "status": Choice((*STATUSES, "all", "ended")), "created": Range()}
ROUTES = [
    Route("POST", "/v1/subscriptions", create, CREATE, ("customer", "items"), "SubscriptionCreateParams"),
    Route("GET", "/v1/subscriptions", index, LIST, sdk="SubscriptionListParams"),
    Route("GET", "/v1/subscriptions/search", search, searching.PARAMS, ("query",), "SubscriptionSearchParams"),
    Route("GET", "/v1/subscriptions/<id>", found("subscription"), sdk="SubscriptionRetrieveParams"),
    Route("POST", "/v1/subscriptions/<id>", update, CHANGE, sdk="SubscriptionUpdateParams"),
    Route(
        "DELETE",
        "/v1/subscriptions/<id>",
        cancel,
        {"cancellation_details": DETAILS, "invoice_now": Truth(), "prorate": Truth()},
        sdk="SubscriptionCancelParams",
    ),
]

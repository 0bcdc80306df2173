"""What a subscription's item may become, and /v1/subscription_items (https://docs.stripe.com/api/subscription_items)."""

from __future__ import annotations

from typing import Any

from membership.sandbox.answers import Refusal
from membership.sandbox.billing import changing
from membership.sandbox.params import ID, PAGE, Choice, Field, Group, Whole
from membership.sandbox.resources import inline
from membership.sandbox.routes import Route
from membership.sandbox.world import World

NEW_ITEM: dict[str, Field] = {"price": ID, "price_data": inline.ITEM_PRICE_DATA, "quantity": Whole(1)}
ITEM = Group({"id": ID, **NEW_ITEM})
PRORATE = Choice(("always_invoice", "create_prorations", "none"))
ANCHOR = Group({"type": Choice(("now", "unchanged"))}, ("type",))


def plan_of_items(world: World, given: dict[str, Any], subscription: dict[str, Any]) -> changing.Plan:
    """What `items`, `proration_behavior`, `billing_cycle_anchor` and `proration_date` ask for."""
    prorate = given.get("proration_behavior", "create_prorations")
    anchor_now = given.get("billing_cycle_anchor", {}).get("type") == "now"
    item = subscription["items"]["data"][0]
    price, quantity = _wanted(world, given.get("items", [{}]), subscription)
    at = given.get("proration_date")
    if at is not None and not item["current_period_start"] <= at <= item["current_period_end"]:
        raise Refusal("Cannot specify `proration_date` outside of the current period.", param="proration_date")
    return changing.planned(world, subscription, price, quantity, prorate=prorate, anchor_now=anchor_now, at=at)


def _wanted(world: World, items: list[dict[str, Any]], old: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The price and quantity that are asked for."""
    if len(items) != 1:
        raise Refusal("The sandbox's subscriptions have one item.", param="items")
    item, wanted = old["items"]["data"][0], items[0]
    if wanted.get("id", item["id"]) != item["id"]:
        raise Refusal(f"No such subscription item: '{wanted['id']}'", code="resource_missing", param="items[0][id]")
    price = price_asked(world, wanted, "items[0]") or item["price"]
    if price["currency"] != old["currency"]:
        raise Refusal(
            f"The price specified supports currencies of `{price['currency']}`. This doesn't match the expected "
            f"currency: `{old['currency']}`.",
            param="items[0][price]",
        )
    return price, wanted.get("quantity", item["quantity"])


def price_asked(world: World, wanted: dict[str, Any], param: str) -> dict[str, Any] | None:
    """The recurring price that an item names, by id or by its content; None when it names none."""
    if "price_data" in wanted:
        return inline.priced(world, wanted["price_data"], param)
    if "price" not in wanted:
        return None
    price = world.get("price", wanted["price"], f"{param}[price]")
    if not price["recurring"]:
        words = (
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."
        )
        raise Refusal(words, param=f"{param}[price]")
    return price


def items(world: World, given: dict[str, Any]) -> dict[str, Any]:
    return dict(world.get("subscription", given["subscription"], "subscription")["items"])


ROUTES = [
    Route(
        "GET",
        "/v1/subscription_items",
        items,
        {**PAGE, "subscription": ID},
        ("subscription",),
        "SubscriptionItemListParams",
    ),
]

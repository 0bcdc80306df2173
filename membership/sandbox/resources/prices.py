"""/v1/prices (https://docs.stripe.com/api/prices)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import amounts, ids, lists, params
from membership.sandbox.answers import Refusal, missing
from membership.sandbox.params import (
    ID,
    METADATA,
    PAGE,
    TEXT,
    Choice,
    Currency,
    Field,
    Group,
    Range,
    Several,
    Text,
    Truth,
    Whole,
)
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes import catalogue
from membership.sandbox.world import World

INTERVALS = ("day", "week", "month", "year")
LONGEST = {"day": 1095, "week": 156, "month": 36, "year": 3}
RECURRING = Group(
    {"interval": Choice(INTERVALS), "interval_count": Whole(1), "usage_type": Choice(("licensed",))}, ("interval",)
)
TAX = Choice(("exclusive", "inclusive", "unspecified"))
PRODUCT_DATA = Group(
    {
        "id": ID,
        "name": Text(250),
        "metadata": METADATA,
        "active": Truth(),
        "statement_descriptor": Text(22),
        "unit_label": Text(12),
    },
    ("name",),
)


def check_recurring(recurring: dict[str, Any] | None, param: str) -> None:
    """No period may be longer than three years."""
    if recurring and recurring.get("interval_count", 1) > LONGEST[recurring["interval"]]:
        raise Refusal("Invalid interval: the maximum is three years.", param=f"{param}[interval_count]")


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    if ("product" in given) == ("product_data" in given):
        if "product" in given:
            raise Refusal("You may only specify one of these parameters: product, product_data.", param="product")
        raise missing("product")
    recurring = given.get("recurring")
    check_recurring(recurring, "recurring")
    amounts.check_step(given["unit_amount"], given["currency"], "unit_amount")
    product = _product(world, given)
    _claim_lookup_key(world, given)
    new = catalogue.price(
        id=ids.new("price_"),
        created=world.now(),
        product=product,
        currency=given["currency"],
        unit_amount=given["unit_amount"],
        lookup_key=given.get("lookup_key"),
        nickname=given.get("nickname"),
        active=given.get("active", True),
        metadata=params.merged({}, given.get("metadata", {})),
        interval=recurring["interval"] if recurring else None,
        interval_count=recurring.get("interval_count", 1) if recurring else 1,
        tax_behavior=given.get("tax_behavior", "unspecified"),
    )
    world.save(new)
    world.tell("price.created", new)
    return new


def _product(world: World, given: dict[str, Any]) -> str:
    if "product" in given:
        return str(world.get("product", given["product"], "product")["id"])
    data = dict(given["product_data"])
    data["metadata"] = params.merged({}, data.get("metadata", {}))
    new = catalogue.product(**{"id": ids.new("prod_"), "created": world.now(), **data})
    world.save(new)
    world.tell("product.created", new)
    return str(new["id"])


def _claim_lookup_key(world: World, given: dict[str, Any]) -> None:
    """A lookup key names one price; `transfer_lookup_key` takes it from the one that has it."""
    key = given.get("lookup_key")
    for other in world.store.find("price") if key else []:
        if other["lookup_key"] == key:
            if not given.get("transfer_lookup_key"):
                words = f"A price (`{other['id']}`) already uses that lookup key."
                raise Refusal(words, code="resource_already_exists", param="lookup_key")
            world.change(other, "price.updated", lookup_key=None)


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("price", id)
    change = {key: value for key, value in given.items() if key != "transfer_lookup_key"}
    if given.get("lookup_key") and given["lookup_key"] != old["lookup_key"]:
        _claim_lookup_key(world, given)
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    return world.change(old, "price.updated", **change)


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        return (
            ("active" not in given or obj["active"] == given["active"])
            and ("type" not in given or obj["type"] == given["type"])
            and ("currency" not in given or obj["currency"] == given["currency"])
            and ("lookup_keys" not in given or obj["lookup_key"] in given["lookup_keys"])
        )

    where = {"owner": given["product"]} if "product" in given else {}
    return lists.listed(world.store, "price", given, "/v1/prices", where=where, keep=wanted)


CHANGE: dict[str, Field] = {
    "active": Truth(),
    "nickname": TEXT,
    "lookup_key": Text(200, unset=True),
    "transfer_lookup_key": Truth(),
    "metadata": METADATA,
    "tax_behavior": TAX,
}
CREATE: dict[str, Field] = {
    **CHANGE,
    "currency": Currency(),
    "unit_amount": Whole(),
    "product": ID,
    "product_data": PRODUCT_DATA,
    "recurring": RECURRING,
    "billing_scheme": Choice(("per_unit",)),
}
LIST = {
    **PAGE,
    "active": Truth(),
    "product": ID,
    "lookup_keys": Several(Text(200), most=10),
    "currency": Currency(),
    "type": Choice(("one_time", "recurring")),
    "created": Range(),
}
ROUTES = [
    Route("POST", "/v1/prices", create, CREATE, ("currency", "unit_amount"), "PriceCreateParams"),
    Route("GET", "/v1/prices", index, LIST, sdk="PriceListParams"),
    Route("GET", "/v1/prices/<id>", found("price"), sdk="PriceRetrieveParams"),
    Route("POST", "/v1/prices/<id>", update, CHANGE, sdk="PriceUpdateParams"),
]

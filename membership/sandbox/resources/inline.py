"""Prices that are named by their content, in a session's line or a subscription's item (`price_data`)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import amounts, ids, params
from membership.sandbox.answers import Refusal
from membership.sandbox.params import ID, METADATA, Choice, Currency, Group, Several, Text, Url, Whole
from membership.sandbox.resources.prices import TAX, check_recurring
from membership.sandbox.shapes import catalogue
from membership.sandbox.world import World

PRODUCT_DATA = Group(
    {"name": Text(250), "description": Text(), "images": Several(Url(), most=8), "metadata": METADATA}, ("name",)
)
RECURRING = Group({"interval": Choice(("day", "week", "month", "year")), "interval_count": Whole(1)}, ("interval",))
PRICE_DATA = Group(
    {
        "currency": Currency(),
        "unit_amount": Whole(),
        "product": ID,
        "product_data": PRODUCT_DATA,
        "recurring": RECURRING,
        "tax_behavior": TAX,
    },
    ("currency", "unit_amount"),
)
ITEM_PRICE_DATA = Group(
    {"currency": Currency(), "unit_amount": Whole(), "product": ID, "recurring": RECURRING, "tax_behavior": TAX},
    ("currency", "unit_amount", "product", "recurring"),
)


def priced(world: World, data: dict[str, Any], param: str) -> dict[str, Any]:
    """An inline price: kept, but not active, and so is its inline product."""
    if ("product" in data) == ("product_data" in data):
        raise Refusal(
            "You must specify either `product` or `product_data` when creating a price.", param=f"{param}[price_data]"
        )
    check_recurring(data.get("recurring"), f"{param}[price_data][recurring]")
    amounts.check_step(data["unit_amount"], data["currency"], f"{param}[price_data][unit_amount]")
    if "product" in data:
        product = world.get("product", data["product"], f"{param}[price_data][product]")
    else:
        inline = {**data["product_data"], "metadata": params.merged({}, data["product_data"].get("metadata", {}))}
        product = catalogue.product(id=ids.new("prod_"), created=world.now(), active=False, **inline)
        world.save(product)
        world.tell("product.created", product)
    recurring = data.get("recurring") or {}
    price = catalogue.price(
        id=ids.new("price_"),
        created=world.now(),
        product=product["id"],
        currency=data["currency"],
        unit_amount=data["unit_amount"],
        interval=recurring.get("interval"),
        active=False,
        interval_count=recurring.get("interval_count", 1),
        tax_behavior=data.get("tax_behavior", "unspecified"),
    )
    world.save(price)
    world.tell("price.created", price)
    return price

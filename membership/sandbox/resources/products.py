"""/v1/products (https://docs.stripe.com/api/products)."""

from __future__ import annotations

import re
from typing import Any

from membership.sandbox import ids, lists, params
from membership.sandbox.answers import Refusal
from membership.sandbox.params import METADATA, PAGE, TEXT, Field, Range, Several, Text, Truth, Url
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes import catalogue
from membership.sandbox.shapes.customers import deleted
from membership.sandbox.world import World

CHANGE: dict[str, Field] = {
    "name": Text(250),
    "description": TEXT,
    "active": Truth(),
    "metadata": METADATA,
    "images": Several(Url(), most=8),
    "statement_descriptor": Text(22),
    "unit_label": Text(12, unset=True),
    "url": Url(unset=True),
}


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    id = given.get("id") or ids.new("prod_")
    if not re.fullmatch(r"[\w-]+", id, re.ASCII):
        raise Refusal("Product ids hold letters, digits, “_” and “-” only.", param="id")
    old = world.store.any(id)
    if old is not None and not old.get("deleted"):
        raise Refusal("Product already exists.", code="resource_already_exists", param="id")
    kept = {key: value for key, value in given.items() if key not in ("metadata", "id")}
    new = catalogue.product(id=id, created=world.now(), metadata=params.merged({}, given.get("metadata", {})), **kept)
    world.save(new)
    world.tell("product.created", new)
    return new


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("product", id)
    change = dict(given)
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    if change.get("default_price"):
        world.get("price", change["default_price"], "default_price")
    return world.change(old, "product.updated", **change, updated=world.now()) if change else old


def delete(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("product", id)
    if world.store.find("price", owner=id):
        words = "This product cannot be deleted because it has one or more user-created prices."
        raise Refusal(words)
    world.tell("product.deleted", old)
    return world.save(deleted(id, "product"))


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        if obj.get("deleted") or ("ids" in given and obj["id"] not in given["ids"]):
            return False
        return "active" not in given or obj["active"] == given["active"]

    return lists.listed(world.store, "product", given, "/v1/products", keep=wanted)


LIST = {**PAGE, "active": Truth(), "ids": Several(Text(255)), "created": Range()}
ROUTES = [
    Route("POST", "/v1/products", create, {**CHANGE, "id": Text(255)}, ("name",), "ProductCreateParams"),
    Route("GET", "/v1/products", index, LIST, sdk="ProductListParams"),
    Route("GET", "/v1/products/<id>", found("product"), sdk="ProductRetrieveParams"),
    Route("POST", "/v1/products/<id>", update, {**CHANGE, "default_price": Text(255)}, sdk="ProductUpdateParams"),
    Route("DELETE", "/v1/products/<id>", delete, sdk="ProductDeleteParams"),
]

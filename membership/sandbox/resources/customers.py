"""/v1/customers (https://docs.stripe.com/api/customers)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import ids, lists, params, searching
from membership.sandbox.answers import Refusal
from membership.sandbox.billing import renewing
from membership.sandbox.params import METADATA, PAGE, TEXT, Email, Field, Group, Range, Several, Text
from membership.sandbox.resources.payment_methods import attached, card_from_token
from membership.sandbox.routes import Route
from membership.sandbox.shapes import customers
from membership.sandbox.shapes.common import address
from membership.sandbox.world import World

ADDRESS = Group(dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), TEXT))
CHANGE: dict[str, Field] = {
    "email": Email(unset=True),
    "name": Text(256, unset=True),
    "description": TEXT,
    "phone": Text(20, unset=True),
    "address": ADDRESS,
    "metadata": METADATA,
    "preferred_locales": Several(Text(10)),
    "invoice_settings": Group({"default_payment_method": Text(255, unset=True)}),
}


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    settings = given.get("invoice_settings") or {}
    new = customers.customer(
        id=ids.new("cus_"),
        created=world.now(),
        email=given.get("email"),
        name=given.get("name"),
        description=given.get("description"),
        phone=given.get("phone"),
        address=address(**given["address"]) if given.get("address") else None,
        metadata=params.merged({}, given.get("metadata", {})),
        preferred_locales=given.get("preferred_locales"),
    )
    token = given.get("payment_method")
    if token:
        method = attached(world, card_from_token(world, token), new["id"])
    chosen = settings.get("default_payment_method")
    if chosen:
        new["invoice_settings"]["default_payment_method"] = method["id"] if chosen == token else chosen
    world.save(new)
    world.tell("customer.created", new)
    return new


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("customer", id)
    change = {key: value for key, value in given.items() if key not in ("metadata", "invoice_settings", "address")}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    if given.get("address"):
        change["address"] = address(**given["address"])
    if "invoice_settings" in given:
        chosen = given["invoice_settings"].get("default_payment_method")
        if chosen:
            _own_card(world, chosen, id)
        change["invoice_settings"] = {**old["invoice_settings"], "default_payment_method": chosen}
    return world.change(old, "customer.updated", **change)


def _own_card(world: World, method_id: str, customer_id: str) -> None:
    method = world.get("payment_method", method_id, "invoice_settings[default_payment_method]")
    if method["customer"] != customer_id:
        from_whom = "The customer does not have a payment method with the ID"
        raise Refusal(
            f"{from_whom} {method_id}. The payment method must be attached to the customer.",
            code="resource_missing",
            param="invoice_settings[default_payment_method]",
        )


def delete(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("customer", id)
    for subscription in world.store.find("subscription", customer=id):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            renewing.end(world, subscription, "cancellation_requested")
    world.tell("customer.deleted", old)
    world.save({**customers.deleted(id), "_was": old})
    return customers.deleted(id)


def retrieve(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    """A deleted customer is still found, as deleted."""
    gone = world.store.get("customer", id)
    return gone if gone and gone.get("deleted") else world.get("customer", id)


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    email = given.get("email")

    def wanted(obj: dict[str, Any]) -> bool:
        return not obj.get("deleted") and (email is None or obj["email"] == email)

    return lists.listed(world.store, "customer", given, "/v1/customers", keep=wanted)


def search(world: World, given: dict[str, Any]) -> dict[str, Any]:
    fields = ("email", "name", "phone", "created", "metadata")
    return searching.found(world.store, "customer", fields, given, "/v1/customers/search")


ROUTES = [
    Route("POST", "/v1/customers", create, {**CHANGE, "payment_method": Text(255)}, sdk="CustomerCreateParams"),
    Route("GET", "/v1/customers", index, {**PAGE, "email": Text(512), "created": Range()}, sdk="CustomerListParams"),
    Route("GET", "/v1/customers/search", search, searching.PARAMS, ("query",), "CustomerSearchParams"),
    Route("GET", "/v1/customers/<id>", retrieve, sdk="CustomerRetrieveParams"),
    Route("POST", "/v1/customers/<id>", update, CHANGE, sdk="CustomerUpdateParams"),
    Route("DELETE", "/v1/customers/<id>", delete, sdk="CustomerDeleteParams"),
]

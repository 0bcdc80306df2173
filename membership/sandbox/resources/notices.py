"""/v1/events and /v1/webhook_endpoints (https://docs.stripe.com/api/events, …/webhook_endpoints)."""

from __future__ import annotations

import json
from typing import Any

from membership.sandbox import events, ids, lists, params
from membership.sandbox.answers import Refusal, no_such
from membership.sandbox.params import METADATA, PAGE, Field, Range, Several, Text, Truth, Url
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes.customers import deleted
from membership.sandbox.shapes.events import webhook_endpoint
from membership.sandbox.world import World

HORIZON = 30 * 86_400


def retrieve(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    rows = world.store.query("SELECT body FROM events WHERE id = ?", (id,))
    if not rows:
        raise no_such("event", id)
    return events.current(world.store, json.loads(rows[0][0]))


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Events of the last 30 days. `delivery_success=false`: those that some endpoint has not taken yet."""
    if "type" in given and "types" in given:
        raise Refusal("You may only specify one of these parameters: type, types.", param="type")
    types = [given["type"]] if "type" in given else given.get("types")
    undelivered = _undelivered(world) if "delivery_success" in given else set()
    oldest = world.now() - HORIZON

    def wanted(body: dict[str, Any]) -> bool:
        if body["created"] < oldest or (types and not any(_matches(body["type"], type) for type in types)):
            return False
        return "delivery_success" not in given or (body["id"] not in undelivered) == given["delivery_success"]

    page = lists.listed(world.store, "event", given, "/v1/events", keep=wanted)
    return {**page, "data": [events.current(world.store, body) for body in page["data"]]}


def _matches(type: str, asked: str) -> bool:
    return type == asked or (asked.endswith("*") and type.startswith(asked[:-1]))


def _undelivered(world: World) -> set[str]:
    waiting = world.store.query("SELECT DISTINCT event FROM deliveries WHERE state != 'done'")
    withheld = world.store.query("SELECT id FROM events WHERE withheld = 1")
    return {row[0] for row in (*waiting, *withheld)}


def create_endpoint(world: World, given: dict[str, Any]) -> dict[str, Any]:
    secret = ids.new("whsec_")
    new = webhook_endpoint(
        id=ids.new("we_"),
        created=world.now(),
        url=given["url"],
        enabled_events=given["enabled_events"],
        description=given.get("description"),
        metadata=params.merged({}, given.get("metadata", {})),
        api_version=given.get("api_version"),
    )
    world.save({**new, "_secret": secret})
    return {**new, "secret": secret}


def update_endpoint(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("webhook_endpoint", id)
    change = {key: value for key, value in given.items() if key not in ("metadata", "disabled")}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    if "disabled" in given:
        change["status"] = "disabled" if given["disabled"] else "enabled"
    return world.save({**old, **change})


def delete_endpoint(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    world.get("webhook_endpoint", id)
    world.store.remove(id)
    return deleted(id, "webhook_endpoint")


def endpoints(world: World, given: dict[str, Any]) -> dict[str, Any]:
    return lists.listed(world.store, "webhook_endpoint", given, "/v1/webhook_endpoints")


CHANGE: dict[str, Field] = {
    "url": Url(),
    "enabled_events": Several(Text(100), most=300),
    "description": Text(unset=True),
    "metadata": METADATA,
}
LIST = {
    **PAGE,
    "type": Text(100),
    "types": Several(Text(100), most=20),
    "created": Range(),
    "delivery_success": Truth(),
}
ROUTES = [
    Route("GET", "/v1/events", index, LIST, sdk="EventListParams"),
    Route("GET", "/v1/events/<id>", retrieve, sdk="EventRetrieveParams"),
    Route(
        "POST",
        "/v1/webhook_endpoints",
        create_endpoint,
        {**CHANGE, "api_version": Text(40)},
        ("url", "enabled_events"),
        "WebhookEndpointCreateParams",
    ),
    Route("GET", "/v1/webhook_endpoints", endpoints, PAGE, sdk="WebhookEndpointListParams"),
    Route("GET", "/v1/webhook_endpoints/<id>", found("webhook_endpoint"), sdk="WebhookEndpointRetrieveParams"),
    Route(
        "POST",
        "/v1/webhook_endpoints/<id>",
        update_endpoint,
        {**CHANGE, "disabled": Truth()},
        sdk="WebhookEndpointUpdateParams",
    ),
    Route("DELETE", "/v1/webhook_endpoints/<id>", delete_endpoint, sdk="WebhookEndpointDeleteParams"),
]

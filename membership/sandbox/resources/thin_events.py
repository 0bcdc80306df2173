"""/v2/core/events and /v2/core/event_destinations (https://docs.stripe.com/api/v2/core/events)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from membership.sandbox import ids, lists, params
from membership.sandbox.answers import Refusal, no_such
from membership.sandbox.params import ID, METADATA, Choice, Field, Group, Several, Text, Url, Whole
from membership.sandbox.resources.notices import HORIZON
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes import thin
from membership.sandbox.store import shown
from membership.sandbox.world import World

KIND = "v2.core.event_destination"
EVENTS = "SELECT body FROM events WHERE created >= ? ORDER BY created DESC, seq DESC"


def retrieve(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    rows = world.store.query("SELECT body FROM events WHERE id = ?", (thin.snapshot_of(id),))
    if not rows:
        raise no_such("event", id)
    return thin.full(json.loads(rows[0][0]))


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """The newest of the last 30 days, on one page."""
    bounds = {bound: _moment(text) for bound, text in given.get("created", {}).items()}
    rows = world.store.query(EVENTS, (world.now() - HORIZON,))
    data = []
    for (body,) in rows:
        event = json.loads(body)
        told = thin.full(event)
        if "types" in given and told["type"] not in given["types"]:
            continue
        if given.get("object_id", event["data"]["object"].get("id")) != event["data"]["object"].get("id"):
            continue
        if lists.within(event["created"], bounds):
            data.append(told)
        if len(data) == given.get("limit", 20):
            break
    return {"data": data, "next_page_url": None, "previous_page_url": None}


def _moment(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise Refusal(f"{text} is no time in ISO 8601.", param="created") from error


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    if given["event_payload"] == "snapshot":
        raise Refusal("For snapshot events make a webhook endpoint under /v1.", param="event_payload")
    secret = ids.new("whsec_")
    new = thin.destination(
        id=ids.new("ed_test_"),
        created=world.now(),
        name=given["name"],
        url=given["webhook_endpoint"]["url"],
        enabled_events=given["enabled_events"],
        description=given.get("description", ""),
        metadata=params.merged({}, given.get("metadata", {})),
    )
    world.save({**new, "_secret": secret})
    if "webhook_endpoint.signing_secret" in given.get("include", []):
        return {**new, "webhook_endpoint": {**new["webhook_endpoint"], "signing_secret": secret}}
    return new


def destinations(world: World, given: dict[str, Any]) -> dict[str, Any]:
    known = world.store.find(KIND)[::-1][: given.get("limit", 20)]
    return {"data": [shown(one) for one in known], "next_page_url": None, "previous_page_url": None}


def turned(status: str) -> Any:
    """The answer of enabling and disabling."""

    def turn(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
        return world.save({**world.get(KIND, id), "status": status, "updated": thin.written(world.now())})

    return turn


def delete(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    world.get(KIND, id)
    world.store.remove(id)
    return {"id": id, "object": KIND}


CREATE: dict[str, Field] = {
    "name": Text(200),
    "description": Text(500),
    "type": Choice(("webhook_endpoint",)),
    "event_payload": Choice(("snapshot", "thin")),
    "enabled_events": Several(Text(100), most=300),
    "include": Several(Choice(("webhook_endpoint.signing_secret", "webhook_endpoint.url"))),
    "metadata": METADATA,
    "webhook_endpoint": Group({"url": Url()}, ("url",)),
}
LIST: dict[str, Field] = {
    "limit": Whole(1, 100),
    "types": Several(Text(100), most=20),
    "object_id": ID,
    "created": Group(dict.fromkeys(("gt", "gte", "lt", "lte"), Text(40))),
}
PATH = "/v2/core/event_destinations"
ROUTES = [
    Route("GET", "/v2/core/events", index, LIST, sdk="v2.core.EventListParams"),
    Route("GET", "/v2/core/events/<id>", retrieve, sdk="v2.core.EventRetrieveParams"),
    Route(
        "POST",
        PATH,
        create,
        CREATE,
        ("name", "type", "event_payload", "enabled_events", "webhook_endpoint"),
        "v2.core.EventDestinationCreateParams",
    ),
    Route("GET", PATH, destinations, {"limit": Whole(1, 100)}, sdk="v2.core.EventDestinationListParams"),
    Route("GET", f"{PATH}/<id>", found(KIND), sdk="v2.core.EventDestinationRetrieveParams"),
    Route("DELETE", f"{PATH}/<id>", delete, sdk="v2.core.EventDestinationDeleteParams"),
    Route("POST", f"{PATH}/<id>/disable", turned("disabled"), sdk="v2.core.EventDestinationDisableParams"),
    Route("POST", f"{PATH}/<id>/enable", turned("enabled"), sdk="v2.core.EventDestinationEnableParams"),
]

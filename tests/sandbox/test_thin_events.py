"""Thin events: the SDK takes them, finds what they are about, and tells them from snapshots."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import SECRET, Sandbox


def listening(sandbox: Sandbox, *types: str) -> str:
    """A destination for these types; its secret."""
    made = sandbox.stripe.v2.core.event_destinations.create(
        {
            "name": "Thin",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": list(types),
            "webhook_endpoint": {"url": sandbox.ear.url},
            "include": ["webhook_endpoint.signing_secret"],
        }
    )
    return made.webhook_endpoint.signing_secret


def thin_ones(sandbox: Sandbox) -> list[tuple[bytes, str]]:
    heard = zip(sandbox.ear.bodies, sandbox.ear.headers, strict=True)
    return [(body, header) for body, header in heard if json.loads(body)["object"] == "v2.core.event"]


def test_a_thin_event_leads_to_its_object(sandbox: Sandbox) -> None:
    secret = listening(sandbox, "v1.customer.subscription.updated")
    session = sandbox.join()
    sandbox.v1.subscriptions.update(session.subscription, {"cancel_at_period_end": True})
    assert sandbox.flush() == 0
    ((body, header),) = thin_ones(sandbox)
    told: Any = sandbox.stripe.parse_event_notification(body, header, secret)
    assert told.type == "v1.customer.subscription.updated"
    assert (told.livemode, told.context) == (False, None)
    assert told.related_object.url == f"/v1/subscriptions/{session.subscription}"
    assert told.fetch_related_object().cancel_at_period_end is True
    event = told.fetch_event()
    assert event.changes["before"]["cancel_at_period_end"] is False
    assert event.changes["after"]["cancel_at_period_end"] is True
    snapshot = sandbox.v1.events.retrieve(event.snapshot_event)
    assert snapshot.data.object.id == session.subscription
    assert told.reason.request.id == snapshot.request.id


def test_each_kind_is_refused_by_the_others_reader(sandbox: Sandbox) -> None:
    secret = listening(sandbox, "*")
    sandbox.v1.customers.create({"name": "Ada"})
    sandbox.flush()
    ((body, header),) = thin_ones(sandbox)
    with pytest.raises(ValueError, match=r"construct_event|thin"):
        sandbox.stripe.construct_event(body, header, secret)
    (snapshot,) = [n for n, one in enumerate(sandbox.ear.heard) if one["object"] == "event"]
    with pytest.raises(ValueError, match="thin event"):
        sandbox.stripe.parse_event_notification(sandbox.ear.bodies[snapshot], sandbox.ear.headers[snapshot], SECRET)


def test_a_thin_event_of_another_account_says_so(sandbox: Sandbox) -> None:
    listening(sandbox, "v1.customer.created")
    for endpoint in sandbox.v1.webhook_endpoints.list().data:
        sandbox.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    sandbox.post("/_sandbox/faults", {"foreign_account": 1})
    sandbox.v1.customers.create({"name": "Ada"})
    sandbox.flush()
    assert [one.get("context") for one in sandbox.ear.heard] == ["acct_1SomebodyElse", None]


def test_thin_events_are_listed(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({"name": "Ada"})
    sandbox.v1.products.create({"name": "b"})
    found = sandbox.stripe.v2.core.events.list({"object_id": customer.id}).data
    assert [event.type for event in found] == ["v1.customer.created"]
    found = sandbox.stripe.v2.core.events.list({"types": ["v1.product.created"]}).data
    assert [event.type for event in found] == ["v1.product.created"]
    assert sandbox.stripe.v2.core.events.list({"created": {"lt": "2020-01-01T00:00:00Z"}}).data == []


def test_a_destination_can_be_turned_off_and_removed(sandbox: Sandbox) -> None:
    listening(sandbox, "v1.customer.created")
    (one,) = sandbox.stripe.v2.core.event_destinations.list().data
    assert one.webhook_endpoint.to_dict() == {"url": sandbox.ear.url}
    assert sandbox.stripe.v2.core.event_destinations.disable(one.id).status == "disabled"
    sandbox.v1.customers.create({"name": "Ada"})
    sandbox.flush()
    assert thin_ones(sandbox) == []
    assert sandbox.stripe.v2.core.event_destinations.enable(one.id).status == "enabled"
    assert sandbox.stripe.v2.core.event_destinations.retrieve(one.id).name == "Thin"
    sandbox.stripe.v2.core.event_destinations.delete(one.id)
    assert sandbox.stripe.v2.core.event_destinations.list().data == []

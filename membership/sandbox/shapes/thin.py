"""Thin events and their destinations (https://docs.stripe.com/event-destinations): what changed, not how it is now.

A thin event has the id of its snapshot with `evt_test_` before it, so that either is found from the other.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

SNAPSHOT, THIN = "evt_", "evt_test_"
PATHS = {
    "billing_portal.configuration": "/v1/billing_portal/configurations",
    "charge": "/v1/charges",
    "checkout.session": "/v1/checkout/sessions",
    "coupon": "/v1/coupons",
    "customer": "/v1/customers",
    "dispute": "/v1/disputes",
    "invoice": "/v1/invoices",
    "invoice_payment": "/v1/invoice_payments",
    "mandate": "/v1/mandates",
    "payment_intent": "/v1/payment_intents",
    "payment_method": "/v1/payment_methods",
    "payout": "/v1/payouts",
    "price": "/v1/prices",
    "product": "/v1/products",
    "promotion_code": "/v1/promotion_codes",
    "radar.early_fraud_warning": "/v1/radar/early_fraud_warnings",
    "refund": "/v1/refunds",
    "setup_intent": "/v1/setup_intents",
    "subscription": "/v1/subscriptions",
    "subscription_schedule": "/v1/subscription_schedules",
}


def written(moment: float) -> str:
    """A time as this part of the API has it: `2026-11-23T12:00:00.000Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def id_of(snapshot_id: str) -> str:
    return THIN + snapshot_id.removeprefix(SNAPSHOT)


def snapshot_of(thin_id: str) -> str:
    return SNAPSHOT + thin_id.removeprefix(THIN)


def notification(event: dict[str, Any]) -> dict[str, Any]:
    """What is delivered of a snapshot event."""
    about, request = event["data"]["object"], event["request"]
    path = None if event["type"] == "invoice.upcoming" else PATHS.get(about["object"])  # it cannot be fetched yet
    kind, id = about["object"], about.get("id")
    reason = {"type": "request", "request": {**request, "idempotency_key": request["idempotency_key"] or ""}}
    return {
        "id": id_of(event["id"]),
        "object": "v2.core.event",
        "created": written(event["created"]),
        "livemode": event["livemode"],
        "reason": reason if request["id"] else None,
        "related_object": {"id": id, "type": kind, "url": f"{path}/{id}"} if path and id else None,
        "snapshot_event": event["id"],
        "type": f"v1.{event['type']}",
        **({"context": event["context"]} if event.get("context") else {}),
    }


def full(event: dict[str, Any]) -> dict[str, Any]:
    """What the API answers about it: the notification, what changed, and whom an upcoming invoice (without an id) is for."""
    before, about = event["data"].get("previous_attributes"), event["data"]["object"]
    told = notification(event)
    if event["type"] == "invoice.upcoming":
        details = (about.get("parent") or {}).get("subscription_details") or {}
        told["data"] = {"customer": about["customer"], "subscription": details.get("subscription")}
    if before is not None:
        told["changes"] = {"before": before, "after": {key: about.get(key) for key in before}}
    return told


def destination(
    *,
    id: str,
    created: int,
    name: str,
    url: str,
    enabled_events: list[str],
    event_payload: str = "thin",
    description: str = "",
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Where thin events go. The secret is only in the answer to its creation."""
    return {
        "id": id,
        "object": "v2.core.event_destination",
        "created": written(created),
        "description": description,
        "enabled_events": enabled_events,
        "event_payload": event_payload,
        "events_from": ["self"],
        "livemode": False,
        "metadata": metadata or {},
        "name": name,
        "status": "enabled",
        "type": "webhook_endpoint",
        "updated": written(created),
        "webhook_endpoint": {"url": url},
    }

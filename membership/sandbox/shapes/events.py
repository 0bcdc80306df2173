"""Events and webhook endpoints (https://docs.stripe.com/api/events/object)."""

from __future__ import annotations

from typing import Any

from membership.sandbox.shapes.common import API_VERSION


def event(
    *,
    id: str,
    created: int,
    type: str,
    object: dict[str, Any],
    previous_attributes: dict[str, Any] | None = None,
    pending_webhooks: int = 0,
    request_id: str | None = None,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """A snapshot of an object at the moment it changed."""
    data: dict[str, Any] = {"object": object}
    if previous_attributes is not None:
        data["previous_attributes"] = previous_attributes
    return {
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": pending_webhooks,
        "request": {"id": request_id, "idempotency_key": idempotency_key},
        "type": type,
    }


def webhook_endpoint(
    *,
    id: str,
    created: int,
    url: str,
    enabled_events: list[str],
    secret: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    api_version: str | None = None,
    status: str = "enabled",
) -> dict[str, Any]:
    """Where events go. The secret is only in the answer to its creation; the store keeps it apart."""
    body = {
        "id": id,
        "object": "webhook_endpoint",
        "api_version": api_version,
        "application": None,
        "created": created,
        "description": description,
        "enabled_events": enabled_events,
        "livemode": False,
        "metadata": metadata or {},
        "status": status,
        "url": url,
    }
    return {**body, "secret": secret} if secret else body


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """`previous_attributes`: the old values of what changed, nested objects cut down to what changed in them."""
    old: dict[str, Any] = {}
    for key in before.keys() | after.keys():
        was, now = before.get(key), after.get(key)
        if was == now or key.startswith("_"):
            continue
        if isinstance(was, dict) and isinstance(now, dict) and was.get("object") != "list":
            was = changes(was, now)
        old[key] = was
    return old

"""Telling: an event is recorded with a snapshot in the transaction of its cause, with one delivery per endpoint."""

from __future__ import annotations

import json
import random
import time
from typing import Any

from membership.sandbox import ids
from membership.sandbox.faults import Faults
from membership.sandbox.shapes.events import changes, event
from membership.sandbox.store import Store, shown

SHUFFLE = 0.6


def record(
    store: Store,
    faults: Faults,
    type: str,
    obj: dict[str, Any],
    *,
    now: int,
    before: dict[str, Any] | None = None,
    hold: float = 0.0,
    request_id: str | None = None,
    idempotency_key: str | None = None,
) -> str:
    """Write an event and its deliveries, as the faults have it; returns the event's id."""
    body = event(
        id=ids.new("evt_"),
        created=now,
        type=type,
        object=shown(obj),
        previous_attributes=None if before is None else changes(before, obj),
        request_id=request_id,
        idempotency_key=idempotency_key,
    )
    withheld = faults.take("drop")
    _write(store, faults, body, hold=hold, withheld=withheld, copies=2 if faults.take("duplicate") else 1)
    if faults.take("twin"):
        _write(store, faults, {**body, "id": ids.new("evt_")}, withheld=withheld)
    return str(body["id"])


def _write(
    store: Store, faults: Faults, body: dict[str, Any], *, hold: float = 0.0, withheld: bool = False, copies: int = 1
) -> None:
    endpoints = listening(store, body["type"])
    body["pending_webhooks"] = len(endpoints)
    store.query(
        "INSERT INTO events (id, type, created, object_id, withheld, body) VALUES (?, ?, ?, ?, ?, ?)",
        (
            body["id"],
            body["type"],
            body["created"],
            body["data"]["object"].get("id"),
            withheld,
            json.dumps(body, separators=(",", ":"), ensure_ascii=False),
        ),
    )
    state = "withheld" if withheld else "pending"
    for endpoint in endpoints:
        for _ in range(copies):
            queue(store, body["id"], endpoint["id"], when(faults) + hold, state)


def queue(store: Store, event_id: str, endpoint_id: str, at: float, state: str = "pending") -> None:
    """One delivery to one endpoint, not before `at` (wall time)."""
    store.query(
        "INSERT INTO deliveries (event, endpoint, state, next_at) VALUES (?, ?, ?, ?)",
        (event_id, endpoint_id, state, at),
    )


def when(faults: Faults) -> float:
    """The wall time at which a delivery recorded now is first tried."""
    shuffled = random.uniform(0.1, SHUFFLE) if faults.on("reorder") else 0.0  # noqa: S311 - disorder, not secrecy
    return time.time() + faults.delay + shuffled


def listening(store: Store, type: str) -> list[dict[str, Any]]:
    """The enabled endpoints that want this type, and the destinations that want it as a thin event."""
    return [
        endpoint
        for kind, name in (("webhook_endpoint", type), ("v2.core.event_destination", f"v1.{type}"))
        for endpoint in store.find(kind)
        if endpoint["status"] == "enabled" and ({"*", name} & set(endpoint["enabled_events"]))
    ]


def resend(store: Store, event_id: str) -> int:
    """Deliver an event again to every endpoint that wants it, withheld or done; returns to how many."""
    found = store.query("SELECT type FROM events WHERE id = ?", (event_id,))
    endpoints = listening(store, found[0][0]) if found else []
    with store.transaction():
        store.query("UPDATE events SET withheld = 0 WHERE id = ?", (event_id,))
        store.query("DELETE FROM deliveries WHERE event = ? AND state = 'withheld'", (event_id,))
        for endpoint in endpoints:
            queue(store, event_id, endpoint["id"], time.time())
    return len(endpoints)


def current(store: Store, body: dict[str, Any]) -> dict[str, Any]:
    """A stored event with its present number of pending deliveries."""
    pending = store.query("SELECT count(*) FROM deliveries WHERE event = ? AND state != 'done'", (body["id"],))
    return {**body, "pending_webhooks": pending[0][0]}

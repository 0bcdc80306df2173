"""`door`: events kept per second over HTTP (signed, stored with their job, committed), beside one insert and its commit."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import stripe

from bench.floor_tables import make_tables
from bench.frame import WEBHOOK_SECRET, Figure, Ground, turn_by_turn
from bench.load import rate, request
from bench.serving import OURS, serving

EVENTS = 10_000


def measure(ground: Ground) -> Mapping[str, Figure]:
    count = ground.size(EVENTS)
    with ground.fresh() as url:
        make_tables(url)
        environment = ground.environment(url)
        with (
            serving(OURS, environment, ground.directory / "door.log") as ours_at,
            serving("bench.floors:app", environment, ground.directory / "door-floor.log") as floor_at,
        ):

            def ours(number: int) -> float:
                bodies = [body_of(f"{number}_{n}", f"{number}_{n // 3}") for n in range(count)]
                return rate(ours_at, [_delivery(body, ours_at) for body in bodies])

            def floor(number: int) -> float:
                bodies = [body_of(f"{number}_{n}", f"{number}_{n // 3}") for n in range(count)]
                return rate(floor_at, [request("POST", "/one", floor_at, body) for body in bodies])

            ours(-1), floor(-1)  # everything imported, every connection open
            return {"door": Figure("events/s", *turn_by_turn(ours, floor))}


def body_of(event: str, subscription: str) -> bytes:
    """A snapshot event of the size that an invoice's has (about 4 KB)."""
    about = {
        "id": f"in_{event}", "object": "invoice", "status": "paid", "currency": "eur", "amount_paid": 500,
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": f"sub_{subscription}"}},
        "lines": {"object": "list", "data": [
            {"id": f"il_{n}_{event}", "object": "line_item", "amount": 500, "currency": "eur", "description": "Friend",
             "period": {"start": 1_795_000_000, "end": 1_797_600_000}, "metadata": {"app": "membership"},
             "pricing": {"price_details": {"price": "price_friend", "product": "prod_friend"}, "type": "price_details"}}
            for n in range(8)
        ]},
    }  # fmt: skip
    event_body = {
        "id": f"evt_{event}", "object": "event", "api_version": "2026-10-28.endive", "created": int(time.time()),
        "livemode": False, "type": "invoice.paid", "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None}, "data": {"object": about},
    }  # fmt: skip
    return json.dumps(event_body, indent=2).encode()


def _delivery(body: bytes, port: int) -> bytes:
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), WEBHOOK_SECRET, int(time.time()))
    return request(
        "POST", "/webhooks/stripe", port, body, Content_Type="application/json; charset=utf-8", Stripe_Signature=header
    )

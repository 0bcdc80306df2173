"""The gate of the API: key, faults, idempotency, parameters, one transaction, expansion; then the answer.

https://docs.stripe.com/api/authentication, …/idempotent_requests, …/request_ids
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from membership.sandbox import expand, forms, ids, params
from membership.sandbox.answers import Refusal, unknown
from membership.sandbox.faulty import Cut, stumble
from membership.sandbox.resources import (
    balance,
    checkout_sessions,
    coupons,
    customers,
    disputes,
    invoices,
    notices,
    pausing,
    payment_methods,
    payments,
    payouts,
    portal,
    prices,
    products,
    refunds,
    schedules,
    subscription_items,
    subscriptions,
    thin_events,
)
from membership.sandbox.routes import Route
from membership.sandbox.shapes.common import API_VERSION
from membership.sandbox.store import shown
from membership.sandbox.world import CALL, Call, World

ROOMS = (
    balance,
    checkout_sessions,
    coupons,
    customers,
    disputes,
    invoices,
    notices,
    pausing,
    payment_methods,
    payments,
    payouts,
    portal,
    prices,
    products,
    refunds,
    schedules,
    subscription_items,
    subscriptions,
    thin_events,
)
ROUTES: list[Route] = [route for room in ROOMS for route in room.ROUTES]
TABLE = Map(
    [Rule(route.path, endpoint=number, methods=[route.method]) for number, route in enumerate(ROUTES)],
    merge_slashes=False,
).bind("")
"""Put together once for all sandboxes of a process."""
REMEMBERED = 86_400
log = logging.getLogger(__name__)

TEST_KEYS = ("sk_test_", "rk_test_")
LIVE_KEYS = ("sk_live_", "rk_live_")


def install(app: Flask, world: World) -> None:
    """Let every path under /v1 and /v2 be answered: by its endpoint of the table, or with a refusal."""

    def view(**_: str) -> Response:
        return _answer(world, *_route(request.method, request.path))

    for version in ("v1", "v2"):
        methods = ["GET", "POST", "DELETE", "PUT", "PATCH"]
        app.add_url_rule(f"/{version}/<path:path>", version, view, methods=methods)


def _route(method: str, path: str) -> tuple[Route | None, list[str]]:
    """The endpoint and the ids in the path; no endpoint when there is none."""
    try:
        number, ids = TABLE.match(path, method)
    except HTTPException:
        return None, []
    return ROUTES[number], list(ids.values())


def _answer(world: World, route: Route | None, path_ids: list[str]) -> Response:
    call = Call(ids.new("req_"), request.headers.get("Idempotency-Key"))
    token = CALL.set(call)
    try:
        check_key()
        cut = stumble(world.faults)
        response = _remembered_or_done(world, route, path_ids, call)
        if cut:
            raise Cut
        return response
    except Refusal as refusal:
        return _response(refusal.status, {"error": refusal.error}, call)
    except Cut:
        raise
    except Exception:
        log.exception("the sandbox stumbled over %s %s", request.method, request.path)
        return _response(500, {"error": {"type": "api_error", "message": "An unknown error occurred."}}, call)
    finally:
        CALL.reset(token)


def check_key() -> None:
    """A test key, as bearer token or as the user of basic authentication; live keys have no business here."""
    basic = request.authorization.username if request.authorization else None
    sent = request.headers.get("Authorization", "")
    key = sent.removeprefix("Bearer ").strip() if sent.startswith("Bearer ") else basic or ""
    if not key:
        words = (
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
            "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
        raise Refusal(words, status=401)
    if key.startswith(LIVE_KEYS):
        words = "This is a sandbox: a live key must never be sent to it. Use a key that begins with sk_test_."
        raise Refusal(words, status=401)
    if not key.startswith(TEST_KEYS):
        raise Refusal(f"Invalid API Key provided: {key[:8]}…", status=401)


def _remembered_or_done(world: World, route: Route | None, path_ids: list[str], call: Call) -> Response:
    """With an idempotency key, the same request gets the same answer for a day, errors included."""
    key = call.idempotency_key if request.method == "POST" else None
    if key is not None and len(key) > 255:
        raise Refusal("Idempotency keys can be up to 255 characters.", type="idempotency_error")
    asked = f"{request.method} {request.path} {_body()}"
    with world.transaction():
        if key is not None:
            known = _recall(world, key, asked)
            if known:
                return known
        status, body = _do(world, route, path_ids)
        if key is not None:
            world.store.query(
                "INSERT INTO remembered VALUES (?, ?, ?, ?, ?, ?)",
                (key, asked, status, call.id, json.dumps(body), time.time()),
            )
        return _response(status, body, call)


def _body() -> str:
    return request.get_data(cache=True, as_text=True)


def _recall(world: World, key: str, asked: str) -> Response | None:
    store = world.store
    store.query("DELETE FROM remembered WHERE at < ?", (time.time() - REMEMBERED,))
    rows = store.query("SELECT asked, status, request_id, body FROM remembered WHERE key = ?", (key,))
    if not rows:
        return None
    before, status, first_id, body = rows[0]
    if before != asked:
        words = (
            f"Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
            f"using a key other than '{key}' if you meant to execute a different request."
        )
        raise Refusal(words, type="idempotency_error", code="idempotency_key_in_use")
    response = _response(status, json.loads(body), CALL.get())
    response.headers["Idempotent-Replayed"] = "true"
    response.headers["Original-Request"] = first_id
    return response


def _do(world: World, route: Route | None, path_ids: list[str]) -> tuple[int, dict[str, Any]]:
    try:
        return 200, _done(world, route, path_ids)
    except Refusal as refusal:
        return refusal.status, {"error": refusal.error}


def _done(world: World, route: Route | None, path_ids: list[str]) -> dict[str, Any]:
    if route is None:
        raise Refusal(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
    raw = _sent()
    asked = raw.get("expand", [])
    given = params.read(raw, route.fields, route.required)
    kept: Refusal | None = None
    with world.store.transaction():
        try:
            answer = route.answer(world, given, *path_ids)
        except Refusal as refusal:
            if not refusal.keep:
                raise
            kept = refusal
    if kept:
        raise kept
    paths = asked if isinstance(asked, list) else [asked]
    return expand.expanded(world.store, shown(answer), [str(path) for path in paths])


def _sent() -> dict[str, Any]:
    """The parameters: of the query for GET and DELETE, of the body for POST, which is JSON under /v2."""
    if request.method != "POST":
        return forms.decode(list(request.args.items(multi=True)))
    if request.args:
        raise unknown(list(request.args))
    if not request.path.startswith("/v2/"):
        return forms.decode(list(request.form.items(multi=True)))
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else {}


def _response(status: int, body: dict[str, Any], call: Call) -> Response:
    if status >= 400 and call.id:
        body = {"error": {**body["error"], "request_log_url": f"sandbox:{call.id}"}}
    response = Response(json.dumps(body, indent=2, ensure_ascii=False), status, content_type="application/json")
    response.headers["Request-Id"] = call.id or ""
    response.headers["Stripe-Version"] = API_VERSION
    if call.idempotency_key:
        response.headers["Idempotency-Key"] = call.idempotency_key
    return response

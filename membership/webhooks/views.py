"""The door: verify, store, answer 200. Nothing is decided here, and nothing slow is done."""

from __future__ import annotations

import json

from flask import Blueprint, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from membership import clock
from membership.db import writing
from membership.gateway.signatures import is_signed
from membership.web.access import Who, allow
from membership.webhooks.actions import keep_event
from membership.webhooks.listeners import is_heard
from membership.webhooks.rules import BODY_LIMIT, Envelope, NotFromStripe, is_fresh, read_envelope, signed_at

blueprint = Blueprint("webhooks", __name__)


@blueprint.post("/webhooks/stripe")
@allow(Who.ANYONE)
def receive() -> tuple[str, int, dict[str, str]]:
    """Take one delivery: 200 once it is kept (also for duplicates and for types nobody listens to), else 400."""
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    try:
        raw = _body()
        envelope = _genuine(raw)
    except NotFromStripe as refused:
        return f"{refused}\n", 400, plain
    with writing() as connection:
        keep_event(connection, envelope, raw, heard=is_heard(envelope), at=clock.now())
    return "kept\n", 200, plain


def _body() -> bytes:
    if (request.content_length or 0) > BODY_LIMIT:
        raise NotFromStripe("The body is too large.")
    request.max_content_length = BODY_LIMIT
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise NotFromStripe("The body is too large.") from None


def _genuine(raw: bytes) -> Envelope:
    config = current_app.config["MEMBERSHIP"]
    header = request.headers.get("Stripe-Signature", "")
    signed = signed_at(header)
    if signed is None or not is_fresh(signed, at=clock.wall()):
        raise NotFromStripe("The signature is missing, too old, or of the future.")
    if not is_signed(raw, header, config.stripe_webhook_secrets):
        raise NotFromStripe("The signature does not fit.")
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotFromStripe("The body is not JSON, or nested beyond reason.") from None
    return read_envelope(event, livemode=config.livemode)

"""The door: verify, store, answer 200. Nothing is decided here, and nothing slow is done."""

from __future__ import annotations

import logging

from flask import Blueprint, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from membership import logs
from membership.web.access import Who, allow
from membership.webhooks import door
from membership.webhooks.rules import BODY_LIMIT, NotFromStripe

log = logging.getLogger(__name__)

blueprint = Blueprint("webhooks", __name__)


@blueprint.post(door.PATH)
@allow(Who.ANYONE)
def receive() -> Response:
    """Take one delivery: 200 once it is kept (also for duplicates and for types nobody listens to), else 400."""
    try:
        raw = _body()
        envelope = door.genuine(raw, request.headers.get("Stripe-Signature", ""), current_app.config["MEMBERSHIP"])
    except NotFromStripe as refused:
        log.warning("a delivery was refused: %s", refused)
        return Response(f"{refused}\n", 400, content_type=door.PLAIN)
    logs.note(request=g.request_id, event=envelope.id)
    door.keep(envelope, raw)
    return door.kept()


def _body() -> bytes:
    if (request.content_length or 0) > BODY_LIMIT:
        raise NotFromStripe("The body is too large.")
    request.max_content_length = BODY_LIMIT
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise NotFromStripe("The body is too large.") from None

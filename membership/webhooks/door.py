"""The door, and a way through it before Flask is asked: of all the site's addresses it alone is called by the thousand.

A delivery that is genuine is stored and answered here, with the very answer that the view gives. Everything else (forged, too
large, sent to another name, or stumbling over anything) goes on to the application as it came, which says what is wrong.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.wrappers import Response

from membership import clock, logs
from membership.config import Config
from membership.db import writing
from membership.gateway.signatures import is_signed
from membership.webhooks.actions import keep_event
from membership.webhooks.listeners import is_heard
from membership.webhooks.rules import BODY_LIMIT, Envelope, NotFromStripe, is_fresh, read_envelope, signed_at

log = logging.getLogger(__name__)

PATH = "/webhooks/stripe"
PLAIN = "text/plain; charset=utf-8"
Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


def genuine(raw: bytes, header: str, config: Config) -> Envelope:
    """What a delivery tells, if Stripe signed it just now and it is about our mode. Raises `NotFromStripe`."""
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


def keep(envelope: Envelope, raw: bytes) -> None:
    """Store an event; it is committed when this returns."""
    with writing() as connection:
        keep_event(connection, envelope, raw, heard=is_heard(envelope), at=clock.now())


def kept() -> Response:
    """The answer to what was stored."""
    return Response("kept\n", 200, content_type=PLAIN)


class FrontDoor:
    """A WSGI application around ours. `names`: the hosts by which the site is called."""

    def __init__(self, app: Flask, config: Config, names: Iterable[str | None]) -> None:
        self.behind: Application = app.wsgi_app
        self._config, self._names = config, frozenset(names)
        with app.test_request_context(PATH, method="POST"):
            answer = app.process_response(kept())  # type: ignore[arg-type]
        self._status, self._headers, self._body = answer.status, list(answer.headers), answer.get_data()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or not self._is_plain(environ):
            return self.behind(environ, start)
        raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        try:
            envelope = genuine(raw, environ.get("HTTP_STRIPE_SIGNATURE", ""), self._config)
            logs.note(event=envelope.id)
            keep(envelope, raw)
        except NotFromStripe:
            pass
        except Exception:
            log.exception("a delivery could not be stored; once more")
        else:
            start(self._status, self._headers)
            return [self._body]
        return self.behind(environ | {"wsgi.input": BytesIO(raw)}, start)

    def _is_plain(self, environ: dict[str, Any]) -> bool:
        """A POST to our own name with a body of a size that may be."""
        length, host = environ.get("CONTENT_LENGTH") or "", environ.get("HTTP_HOST", "")
        if environ["REQUEST_METHOD"] != "POST" or not (length.isascii() and length.isdigit() and len(length) < 10):
            return False
        return int(length) <= BODY_LIMIT and (host in self._names or host.rpartition(":")[0] in self._names)

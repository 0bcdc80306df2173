"""A line in the log for each request that changed something or failed, and an id that ties all its lines together.

The address is logged as the route has it (`/sign-in/<token>`), never as it was typed: real ones carry tokens. Who asked is
not logged at all; readers, sizes and times of everything else are the proxy's to count.
"""

from __future__ import annotations

import logging
import re
import secrets
import time

from flask import Flask, g, request
from werkzeug.wrappers import Response

from membership import logs
from membership.config import Config

log = logging.getLogger(__name__)

HEADER = "X-Request-Id"
_FIT = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


def install(app: Flask, config: Config) -> None:
    """Give each request its id (a trusted proxy may have given it one), tell it back, and log what it came to."""

    @app.before_request
    def begin() -> None:
        told = request.headers.get(HEADER, "") if config.trusted_proxies else ""
        g.request_id = told if _FIT.fullmatch(told) else secrets.token_hex(8)
        g.begun = time.monotonic()
        logs.note(request=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" not in g:
            return response
        response.headers[HEADER] = g.request_id
        failed = response.status_code >= 500 or response.status_code in {401, 403, 429}
        if failed or request.method not in {"GET", "HEAD", "OPTIONS"}:
            took = int((time.monotonic() - g.begun) * 1000)
            where = request.url_rule.rule if request.url_rule else "no route"
            log.log(
                logging.WARNING if failed else logging.INFO,
                "%s %s: %s in %s ms", request.method, where, response.status_code, took,
            )  # fmt: skip
        return response

"""A line in the log for each request that changed something or failed, and an id that ties all its lines together.

The address is logged as the route has it (`/sign-in/<token>`), never as it was typed: real ones carry tokens. Who asked is
not logged at all; readers, sizes and times of everything else are the proxy's to count.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import Any

from flask import Flask, g, request
from werkzeug.wrappers import Response

from membership import logs
from membership.config import Config

log = logging.getLogger(__name__)

HEADER = "X-Request-Id"
_GIVEN = "membership.request_id"
"""Where a request's id stands in its environ, once it has one: no header can set it."""
_FIT = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


def begin(environ: dict[str, Any], config: Config) -> str:
    """A request's id, which every line that is logged from now on carries: its own, a trusted proxy's, or a new one."""
    told = environ.get("HTTP_X_REQUEST_ID", "") if config.trusted_proxies else ""
    request_id: str = environ.get(_GIVEN) or (told if _FIT.fullmatch(told) else secrets.token_hex(8))
    environ[_GIVEN] = request_id
    logs.note(request=request_id)
    return request_id


def end(method: str, where: str, status: int, begun: float) -> None:
    """Log what a request came to, if it changed something or failed. `where` is its route, `begun` by the monotonic clock."""
    failed = status >= 500 or status in {401, 403, 429}
    if failed or method not in {"GET", "HEAD", "OPTIONS"}:
        took = int((time.monotonic() - begun) * 1000)
        log.log(logging.WARNING if failed else logging.INFO, "%s %s: %s in %s ms", method, where, status, took)


def install(app: Flask, config: Config) -> None:
    """Give each request its id (a trusted proxy may have given it one), tell it back, and log what it came to."""

    @app.before_request
    def note() -> None:
        g.request_id = begin(request.environ, config)
        g.begun = time.monotonic()

    @app.after_request
    def tell(response: Response) -> Response:
        if "request_id" in g:
            response.headers[HEADER] = g.request_id
            end(
                request.method, request.url_rule.rule if request.url_rule else "no route", response.status_code, g.begun
            )
        return response

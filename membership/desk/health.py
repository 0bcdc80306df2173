"""For machines that watch: is it alive, is it ready. Neither touches a session."""

from __future__ import annotations

from werkzeug.wrappers import Response

from membership.desk.doctor import readiness
from membership.desk.room import blueprint
from membership.web.access import Who, allow


@blueprint.get("/healthz")
@allow(Who.ANYONE)
def healthz() -> Response:
    """The process answers."""
    return _plain("alive\n", 200)


@blueprint.get("/readyz")
@allow(Who.ANYONE)
def readyz() -> Response:
    """Database, schema and worker are in order; 503 with words otherwise."""
    findings = readiness()
    return _plain("".join(f"{one}\n" for one in findings), 200 if all(one.ok for one in findings) else 503)


def _plain(words: str, status: int) -> Response:
    return Response(words, status, {"Cache-Control": "no-store"}, content_type="text/plain; charset=utf-8")

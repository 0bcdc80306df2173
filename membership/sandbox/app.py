"""The sandbox as a WSGI application."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, request

from membership.sandbox import control, gate, invoice_page, levers, pay, portal, switches
from membership.sandbox.faulty import Cut
from membership.sandbox.world import World

HOUSE = Path(__file__).resolve().parents[2]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"


def create_app(world: World) -> Flask:
    """The API under /v1, the page under /pay, the levers under /_sandbox and the control room at /."""
    app = Flask(__name__, template_folder=str(HOUSE / "templates"), static_folder="static")
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    gate.install(app, world)
    app.register_blueprint(pay.pages(world))
    app.register_blueprint(invoice_page.pages(world))
    app.register_blueprint(portal.pages(world))
    app.register_blueprint(switches.levers(world))
    app.register_blueprint(levers.bench(world))
    app.register_blueprint(control.room(world))
    app.before_request(_only_from_here)
    app.after_request(_headers)
    app.register_error_handler(Cut, _hang_up)
    return app


def _only_from_here() -> Response | None:
    """Names and origins other than loopback are refused, so that no page on the web reaches in through a browser."""
    host = urlsplit(f"//{request.host}").hostname
    origin = request.headers.get("Origin")
    elsewhere = origin not in (None, "null") and urlsplit(origin).hostname not in LOOPBACK
    if host not in LOOPBACK or (request.method != "GET" and elsewhere):
        return Response("The sandbox answers on this machine only.\n", 403, content_type="text/plain; charset=utf-8")
    return None


def _headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _hang_up(_cut: Cut) -> Response:
    """Cut the line: the caller sees a broken connection. Without a socket to cut, an empty 502."""
    line = request.environ.get("werkzeug.socket")
    if line is not None:
        line.shutdown(2)
        raise ConnectionResetError
    return Response("", 502)

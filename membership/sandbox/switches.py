"""The levers for tests, under /_sandbox/: clock, faults, resend, deliveries, letters, reset, a dump of the truth."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from membership.sandbox import clock, events, letters
from membership.sandbox.billing import agenda
from membership.sandbox.clock import NotATime
from membership.sandbox.faults import NotAFault
from membership.sandbox.store import shown
from membership.sandbox.world import World

Answered = Response | tuple[Response, int]


def levers(world: World) -> Blueprint:
    """Everything answers JSON; what cannot be done answers 400 with `error` in words."""
    room = Blueprint("switches", __name__, url_prefix="/_sandbox")

    @room.get("/clock")
    def show_clock() -> Answered:
        return jsonify(now=world.now(), offset=world.clock.offset)

    @room.post("/clock")
    def move_clock() -> Answered:
        done = agenda.move(world, step_asked(world, _body()))
        return jsonify(now=world.now(), offset=world.clock.offset, done=done)

    @room.get("/faults")
    def show_faults() -> Answered:
        return jsonify(world.faults.shown())

    @room.post("/faults")
    def set_faults() -> Answered:
        now = world.faults.set(_body())
        world.deliveries.wake()
        return jsonify(now)

    @room.post("/events/<id>/resend")
    def resend(id: str) -> Answered:
        sent = events.resend(world.store, id)
        world.deliveries.wake()
        return (jsonify(event=id, endpoints=sent), 200) if sent else (jsonify(error="There is no such event."), 404)

    @room.get("/deliveries")
    def deliveries() -> Answered:
        return jsonify(attempts(world, request.args.get("event")))

    @room.post("/deliveries/flush")
    def flush() -> Answered:
        return jsonify(pending=world.deliveries.flush())

    @room.get("/letters")
    def show_letters() -> Answered:
        return jsonify(letters.written(world.settings.letters, request.args.get("to")))

    @room.post("/reset")
    def reset() -> Answered:
        begin_anew(world)
        return jsonify(now=world.now(), offset=world.clock.offset)

    @room.get("/objects/<type>")
    def dump(type: str) -> Answered:
        return jsonify([shown(obj) for obj in world.store.find(type)])

    @room.errorhandler(NotATime)
    @room.errorhandler(NotAFault)
    def not_possible(error: Exception) -> Answered:
        return jsonify(error=str(error)), 400

    return room


def _body() -> Any:
    return request.get_json(force=True, silent=True) or {}


def step_asked(world: World, body: Any) -> int:
    """`{"advance": "31d"}` or `{"to": unix}` as a number of seconds. Raises `NotATime`."""
    if isinstance(body, dict) and isinstance(body.get("advance"), str):
        return clock.seconds(body["advance"])
    if isinstance(body, dict) and type(body.get("to")) is int:
        return int(body["to"]) - world.now()
    raise NotATime('Send {"advance": "31d"} or {"to": Unix seconds}.')


def attempts(world: World, event: str | None = None, most: int = 1000) -> list[dict[str, object]]:
    """Tries at deliveries, oldest first: event, type, url, attempt, status (null: no answer), at, fault, answer."""
    rows = world.store.query(
        "SELECT event, type, url, attempt, status, at, fault, answer FROM attempts WHERE ? IS NULL OR event = ?"
        " ORDER BY seq DESC LIMIT ?",
        (event, event, most),
    )
    names = ("event", "type", "url", "attempt", "status", "at", "fault", "answer")
    return [dict(zip(names, row, strict=True)) for row in reversed(rows)]


def begin_anew(world: World) -> None:
    """Forget everything but the endpoints, put back the clock and clear the faults."""
    with world.transaction():
        world.store.empty()
        world.clock.set_offset(0)
        world.faults.set({"clear": True})


def when(at: float) -> str:
    """A moment for people, UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))

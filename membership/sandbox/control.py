"""The control room at /: what was told and delivered, the clock, the faults, the letters. For people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from membership.money import Money
from membership.sandbox import clock, events, letters
from membership.sandbox.answers import Refusal
from membership.sandbox.billing import agenda, balance, disputing
from membership.sandbox.clock import NotATime
from membership.sandbox.faults import COUNTS, SWITCHES, NotAFault
from membership.sandbox.resources import refunds, thin_events
from membership.sandbox.shapes import thin
from membership.sandbox.switches import attempts, begin_anew, when
from membership.sandbox.world import STARTED_WITH, World

SHOWN = 50
PAYMENTS_SHOWN = 12
CURRENCIES = """
SELECT DISTINCT json_extract(body, '$.currency') FROM objects WHERE object = 'balance_transaction' ORDER BY 1
"""
EVENTS = """
SELECT e.id, e.type, e.created, e.object_id, e.withheld,
  (SELECT count(*) FROM deliveries d WHERE d.event = e.id AND d.state = 'pending'),
  (SELECT count(*) FROM deliveries d WHERE d.event = e.id) FROM events e
ORDER BY e.seq DESC LIMIT ?
"""


def room(world: World) -> Blueprint:
    """Plain forms; each answers with the page again."""
    desk = Blueprint("control", __name__)

    @desk.get("/")
    def show() -> Response:
        return _page(world)

    @desk.get("/events/<id>")
    def event(id: str) -> Response:
        rows = world.store.query("SELECT body FROM events WHERE id = ?", (id,))
        if not rows:
            return _page(world, word="There is no such event.", status=404)
        body = json.loads(rows[0][0])
        tries = [{**one, "at": when(float(str(one["at"])))} for one in attempts(world, id)]
        pretty = json.dumps(body, indent=2, ensure_ascii=False)
        return make_response(render_template("sandbox/event.html", event=body, pretty=pretty, tries=tries))

    @desk.post("/events/<id>/delivery")
    def resend(id: str) -> Response:
        events.resend(world.store, id)
        world.deliveries.wake()
        return _back("events")

    @desk.post("/clock")
    def move() -> Response:
        try:
            agenda.move(world, clock.seconds(request.form.get("advance", "")))
        except NotATime as error:
            return _page(world, word=str(error), status=422)
        return _back("clock")

    @desk.post("/payments/<id>")
    def payment(id: str) -> Response:
        """What a payer, a bank or somebody at Stripe's dashboard does to a payment."""
        deed = DEEDS.get(request.form.get("deed", ""))
        if deed is None:
            return _page(world, word="That cannot be done here.", status=422)
        try:
            with world.transaction():
                deed(world, id)
        except Refusal as refusal:
            return _page(world, word=str(refusal), status=422)
        return _back("payments")

    @desk.post("/faults")
    def faults() -> Response:
        try:
            world.faults.set(_faults_asked())
        except (NotAFault, ValueError) as error:
            return _page(world, word=str(error), status=422)
        world.deliveries.wake()
        return _back("faults")

    @desk.post("/telling")
    def tell() -> Response:
        """In which form events are told from now on."""
        form = request.form.get("form", "")
        if form not in TOLD or world.store.get("webhook_endpoint", STARTED_WITH) is None:
            return _page(world, word="That cannot be chosen here.", status=422)
        with world.transaction():
            _tell_in(world, form)
        return _back("deliveries")

    @desk.post("/deliveries")
    def flush() -> Response:
        world.deliveries.flush()
        return _back("deliveries")

    @desk.post("/reset")
    def reset() -> Response:
        begin_anew(world)
        return _back("clock")

    return desk


TOLD = {"full": "in full", "both": "in full, and as thin events as well", "thin": "as thin events only"}
THIN = "ed_test_SandboxControl"
"""The destination that this room makes: where the first endpoint is, with its secret."""


def _tell_in(world: World, form: str) -> None:
    start = world.get("webhook_endpoint", STARTED_WITH)
    world.save({**start, "status": "disabled" if form == "thin" else "enabled"})
    made = thin.destination(
        id=THIN, created=world.now(), name="The control room's", url=start["url"], enabled_events=["*"]
    )
    status = "disabled" if form == "full" else "enabled"
    world.save({**made, "_secret": start["_secret"], "status": status})


def _told(world: World) -> str:
    start, made = world.store.get("webhook_endpoint", STARTED_WITH), world.store.get(thin_events.KIND, THIN)
    if made is None or made["status"] == "disabled":
        return "full"
    return "both" if start and start["status"] == "enabled" else "thin"


def _refund(world: World, id: str) -> None:
    refunds.refund(world, {"charge": id})


def _dispute(world: World, id: str) -> None:
    disputing.begin(world, world.get("charge", id), "fraudulent")


def _decided(outcome: str) -> Callable[[World, str], None]:
    def decide(world: World, id: str) -> None:
        for case in world.store.find("dispute", owner=id):
            if case["status"] not in disputing.OVER:
                disputing.close(world, case, outcome)

    return decide


def _pay_out(world: World, currency: str) -> None:
    if balance.pay_out(world, currency) is None:
        raise Refusal("Nothing is available to be paid out: money is available three days after a payment.")


DEEDS: dict[str, Callable[[World, str], None]] = {
    "refund": _refund,
    "dispute": _dispute,
    "won": _decided("won"),
    "lost": _decided("lost"),
    "payout": _pay_out,
}
PAYMENTS = """
SELECT body FROM objects WHERE object = 'charge' AND json_extract(body, '$.paid') ORDER BY created DESC, seq DESC LIMIT ?
"""
CASES = """
SELECT c.body FROM objects d JOIN objects c ON c.id = d.owner WHERE d.object = 'dispute'
  AND json_extract(d.body, '$.status') NOT IN ('won', 'lost', 'warning_closed', 'prevented')
"""


def _payments(world: World) -> list[dict[str, Any]]:
    """Those with an open dispute first, then the latest."""
    cases = [json.loads(body) for (body,) in world.store.query(CASES)]
    latest = [json.loads(body) for (body,) in world.store.query(PAYMENTS, (PAYMENTS_SHOWN,))]
    known = {one["id"] for one in cases}
    return [
        {
            "id": one["id"],
            "at": when(one["created"]),
            "who": one["billing_details"]["name"] or one["billing_details"]["email"] or "",
            "amount": Money(one["amount"], one["currency"].upper()).written("en"),
            "disputed": one["id"] in known,
            "done": one["refunded"] or one["disputed"],
        }
        for one in [*cases, *(one for one in latest if one["id"] not in known)]
    ]


def _faults_asked() -> dict[str, Any]:
    """The form's fields as switches; an empty number is 0, an unticked box is off."""
    form = request.form
    if "clear" in form:
        return {"clear": True}
    failures = [
        part if not part.isdecimal() else int(part) for part in form.get("fail_api", "").replace(",", " ").split()
    ]
    return {
        **{name: int(form.get(name) or 0) for name in COUNTS},
        **{name: name in form for name in SWITCHES},
        "delay": float(form.get("delay") or 0),
        "fail_api": failures,
    }


def _back(part: str) -> Response:
    return redirect(url_for("control.show", _anchor=part), 303)


def _page(world: World, *, word: str | None = None, status: int = 200) -> Response:
    names = ("id", "type", "created", "object", "withheld", "pending", "deliveries")
    told = [dict(zip(names, row, strict=True)) for row in world.store.query(EVENTS, (SHOWN,))]
    tried = attempts(world, most=SHOWN)[::-1]
    page = render_template(
        "sandbox/control.html",
        word=word,
        now=when(world.now()),
        offset=world.clock.offset,
        days=world.clock.offset / 86_400,
        events=[{**one, "at": when(one["created"])} for one in told],
        tries=[{**one, "at": when(float(str(one["at"])))} for one in tried],
        pending=world.deliveries.pending(),
        faults=world.faults.shown(),
        counts=COUNTS,
        switches=SWITCHES,
        payments=_payments(world),
        currencies=[code for (code,) in world.store.query(CURRENCIES)],
        endpoints=world.store.find("webhook_endpoint"),
        told=_told(world),
        ways=TOLD if world.store.get("webhook_endpoint", STARTED_WITH) else {},
        letters=[
            {**one, "at": when(float(str(one["sent_at"])))}
            for one in letters.written(world.settings.letters)[::-1][:SHOWN]
        ],
    )
    return make_response(page, status)

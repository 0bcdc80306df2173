"""The billing portal at /portal/<session>: end a subscription with its period, take that back, a new card, invoices.

As with flexible billing an end sets `cancel_at` and leaves `cancel_at_period_end` false. A new card becomes the
customer's default, and the own default of each subscription that has one.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Any_

from membership.sandbox import cards, ids
from membership.sandbox.billing import renewing
from membership.sandbox.cards import Decline
from membership.sandbox.pay import NOT_A_TEST_CARD, written
from membership.sandbox.resources.subscriptions import FEEDBACK, OVER
from membership.sandbox.shapes.cards import payment_method_card
from membership.sandbox.switches import when
from membership.sandbox.world import World

OPEN_FOR = 3600


def pages(world: World) -> Blueprint:
    """POST `cancel` or `keep` with a subscription's id (`feedback`, `comment` beside the first), or `card`."""
    room = Blueprint("portal", __name__)

    @room.get("/portal/<id>")
    def show(id: str) -> Response:
        return _page(world, _session(world, id))

    @room.post("/portal/<id>")
    def act(id: str) -> Any_:
        with world.transaction():
            session = _session(world, id)
            if session is None:
                return _page(world, None)
            allowed = world.get("billing_portal.configuration", session["configuration"])["features"]
            form = request.form
            if "cancel" in form and allowed["subscription_cancel"]["enabled"]:
                _cancel(world, session, form["cancel"], allowed["subscription_cancel"]["mode"])
            elif "keep" in form:
                _keep(world, session, form["keep"])
            elif allowed["payment_method_update"]["enabled"]:
                wrong, status = _new_card(world, session)
                if wrong == "ask":
                    return make_response(render_template("sandbox/confirm.html", typed=form))
                if wrong:
                    return _page(world, session, wrong=wrong, status=status)
        return redirect(_onwards(session) or url_for("portal.show", id=id), 303)

    return room


def _session(world: World, id: str) -> dict[str, Any] | None:
    session = world.store.get("billing_portal.session", id)
    return session if session and session["created"] + OPEN_FOR > world.now() else None


def _onwards(session: dict[str, Any]) -> str | None:
    after = (session["flow"] or {}).get("after_completion", {})
    return after["redirect"]["return_url"] if after.get("redirect") else None


def _mine(world: World, session: dict[str, Any], id: str) -> dict[str, Any] | None:
    subscription = world.store.get("subscription", id)
    if subscription is None or subscription["customer"] != session["customer"] or subscription["status"] in OVER:
        return None
    return None if subscription["schedule"] else subscription


def _cancel(world: World, session: dict[str, Any], id: str, mode: str) -> None:
    subscription = _mine(world, session, id)
    if subscription is None:
        return
    feedback = request.form.get("feedback")
    said = {
        "feedback": feedback if feedback in FEEDBACK else None,
        "comment": request.form.get("comment", "").strip()[:500] or None,
    }
    if mode == "immediately":
        renewing.end(world, subscription, "cancellation_requested", **said)
        return
    end = subscription["items"]["data"][0]["current_period_end"]
    change = renewing.schedule_end(subscription, end, world.now(), at_period_end=False)
    change["cancellation_details"] = {**change["cancellation_details"], **said}
    world.change(subscription, "customer.subscription.updated", **change)


def _keep(world: World, session: dict[str, Any], id: str) -> None:
    subscription = _mine(world, session, id)
    if subscription is not None and subscription["cancel_at"]:
        change = renewing.schedule_end(subscription, None, world.now(), at_period_end=False)
        change["cancellation_details"] = {**change["cancellation_details"], "feedback": None, "comment": None}
        world.change(subscription, "customer.subscription.updated", **change)


def _new_card(world: World, session: dict[str, Any]) -> tuple[str | None, int]:
    """Store what was picked as the default; or what is wrong with it, and the status. "ask": 3-D Secure comes first."""
    card = cards.by_number(request.form.get("card") or request.form.get("pick", ""))
    if card is None:
        return NOT_A_TEST_CARD, 422
    answer = request.form.get("answer")
    if card.asks and answer not in ("confirm", "fail"):
        return "ask", 200
    decline: Decline | None = cards.NOT_CONFIRMED if answer == "fail" else card.now
    if decline is not None:
        return decline.message, 402
    customer = world.get("customer", session["customer"])
    method = payment_method_card(
        id=ids.new("pm_"),
        created=world.now(),
        card=card.number,
        customer=customer["id"],
        email=customer["email"],
        name=customer["name"],
    )
    world.save(method)
    world.tell("payment_method.attached", method)
    settings = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    world.change(customer, "customer.updated", invoice_settings=settings)
    for subscription in world.store.find("subscription", customer=customer["id"]):
        if subscription["default_payment_method"] and subscription["status"] not in OVER:
            world.change(subscription, "customer.subscription.updated", default_payment_method=method["id"])
    return None, 303


def _page(
    world: World, session: dict[str, Any] | None, *, wrong: str | None = None, status: int | None = None
) -> Response:
    if session is None:
        return make_response(render_template("sandbox/portal.html", session=None), 404)
    mine = world.store.find("subscription", customer=session["customer"])
    flow = session["flow"] or {}
    only = (flow.get("subscription_cancel") or {}).get("subscription")
    products = {one["id"]: one for one in world.store.find("product")}
    page = render_template(
        "sandbox/portal.html",
        session=session,
        features=world.get("billing_portal.configuration", session["configuration"])["features"],
        flow=flow.get("type"),
        subscriptions=[one for one in mine if one["status"] not in OVER and only in (None, one["id"])],
        products=products,
        invoices=world.store.find("invoice", customer=session["customer"])[::-1],
        stored=world.store.find("payment_method", customer=session["customer"]),
        default=world.get("customer", session["customer"])["invoice_settings"]["default_payment_method"],
        cards=list(cards.CARDS.values()),
        reasons=FEEDBACK,
        written=written,
        when=lambda at: when(at)[:10],
        wrong={"card": wrong} if wrong else {},
        typed=request.form,
    )
    return make_response(page, status or 200)

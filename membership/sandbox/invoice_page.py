"""The page at /invoice/<id> (`hosted_invoice_url`): an open invoice can be paid there, with any test card.

A card given here is kept with the customer; it does not become the one that renewals use, unless the subscription has
`payment_settings.save_default_payment_method=on_subscription`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Any_

from membership.sandbox import cards, ids
from membership.sandbox.billing import collecting, renewing
from membership.sandbox.cards import Card, Decline
from membership.sandbox.pay import NOT_A_TEST_CARD, written
from membership.sandbox.shapes.cards import payment_method_card
from membership.sandbox.world import World


def pages(world: World) -> Blueprint:
    """GET shows the invoice, POST pays it: `card`, or `stored` to confirm the stored card; `answer` on the next page."""
    room = Blueprint("invoice_page", __name__)

    @room.get("/invoice/<id>")
    def show(id: str) -> Response:
        return _page(world, world.store.get("invoice", id))

    @room.post("/invoice/<id>")
    def pay(id: str) -> Any_:
        with world.transaction():
            invoice = world.store.get("invoice", id)
            if invoice is None or invoice["status"] != "open" or collecting.is_waiting(world, invoice):
                return _page(world, invoice, status=409)
            waiting = _waiting(world, invoice) if "stored" in request.form else None
            typed = request.form.get("card") or request.form.get("pick", "")
            card = cards.of_payment_method(waiting) if waiting else cards.by_number(typed)
            if card is None:
                return _page(world, invoice, wrong=NOT_A_TEST_CARD, status=422)
            answer = request.form.get("answer")
            if (card.asks or waiting) and answer not in ("confirm", "fail"):
                return make_response(render_template("sandbox/confirm.html", typed=request.form))
            decline = _pay(world, invoice, card, waiting, answer)
        if decline is not None:
            return _page(world, world.get("invoice", id), wrong=decline.message, status=402)
        return redirect(url_for("invoice_page.show", id=id), 303)

    return room


def _waiting(world: World, invoice: dict[str, Any]) -> dict[str, Any] | None:
    """The stored card that its bank wants the payer to confirm."""
    found = collecting.intent_of(world, invoice)
    if found is None or found[1]["status"] != "requires_action":
        return None
    return world.store.get("payment_method", found[1]["payment_method"])


def _pay(
    world: World, invoice: dict[str, Any], card: Card, stored: dict[str, Any] | None, answer: str | None
) -> Decline | None:
    decline = cards.NOT_CONFIRMED if answer == "fail" else None if stored else card.now
    method = stored or payment_method_card(
        id=ids.new("pm_"), created=world.now(), card=card.number, email=invoice["customer_email"]
    )
    if stored is None and decline is None:
        method["customer"] = invoice["customer"]
    world.save(method)
    if stored is None and decline is None:
        world.tell("payment_method.attached", method)
    after, why = collecting.pay_in_person(world, invoice, method, decline, confirmed=answer == "confirm")
    if why is None:
        subscription = renewing.subscription_of(world, after)
        if subscription and subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
            world.change(subscription, "customer.subscription.updated", default_payment_method=method["id"])
        renewing.follow(world, after)
    return why


def _page(
    world: World, invoice: dict[str, Any] | None, *, wrong: str | None = None, status: int | None = None
) -> Response:
    page = render_template(
        "sandbox/invoice.html",
        invoice=invoice,
        processing=invoice is not None and collecting.is_waiting(world, invoice),
        waiting=_waiting(world, invoice) if invoice and invoice["status"] == "open" else None,
        cards=list(cards.CARDS.values()),
        written=written,
        wrong={"card": wrong} if wrong else {},
        typed=request.form,
    )
    return make_response(page, status or (200 if invoice else 404))

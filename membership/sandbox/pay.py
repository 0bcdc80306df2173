"""The hosted page at /pay/<session>: where, in real life, Stripe asks for the card. Here only test cards exist."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Any_

from membership.money import Money
from membership.sandbox import cards, debits
from membership.sandbox.answers import Refusal
from membership.sandbox.billing import checkout, discounts
from membership.sandbox.cards import Card
from membership.sandbox.debits import Account
from membership.sandbox.params import Email
from membership.sandbox.world import World

NOT_A_TEST_CARD = "This is no test card. Please never type a real card number here; choose one from the list."
NOT_A_TEST_ACCOUNT = "This is no test account, or the payment is not in euros. Please never type a real IBAN here."
NO_CODE = "This code is not known, or no longer valid."
NO_EMAIL = "Please write an e-mail address, like reader@example.org."


def pages(world: World) -> Blueprint:
    """GET shows the page, POST pays: `card` or `iban`, `email`, `name`, and `answer` (confirm, fail) on the second page."""
    room = Blueprint("pay", __name__)

    @room.get("/pay/<id>")
    def show(id: str) -> Response:
        session = world.store.get("checkout.session", id)
        return _closed(session) if session is None or session["status"] != "open" else _page(session)

    @room.post("/pay/<id>")
    def pay(id: str) -> Any_:
        with world.transaction():
            session = world.store.get("checkout.session", id)
            if session is None or session["status"] != "open":
                return _closed(session)
            if session["expires_at"] <= world.now():
                return _closed({**session, "status": "expired"})
            session, wrong_code = _with_code(world, session)
            if wrong_code or "apply" in request.form:
                return _page(session, wrong=wrong_code, status=422 if wrong_code else 200)
            payer, wrong = _payer(world, session)
            if payer is None:
                return _page(session, wrong=wrong, status=422)
            if payer.card and payer.card.asks and payer.answer is None:
                return _question(session)
            outcome = checkout.pay(world, session, payer)
        if outcome.decline is not None:
            return _page(session, wrong={"card": outcome.decline.message}, status=402)
        world.deliveries.deliver_now(outcome.event or "")
        return redirect(outcome.session["success_url"].replace("{CHECKOUT_SESSION_ID}", id), 303)

    return room


def _with_code(world: World, session: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The session with the promotion code that was typed, or what is wrong with that."""
    word = request.form.get("code", "").strip()
    if not word or not session["allow_promotion_codes"]:
        return session, {}
    found = discounts.typed(world, word)
    if found is None:
        return session, {"code": NO_CODE}
    try:
        return world.save(checkout.discounted(session, found)), {}
    except Refusal as refusal:
        return session, {"code": str(refusal)}


def _payer(world: World, session: dict[str, Any]) -> tuple[checkout.Payer | None, dict[str, str]]:
    """What was typed, or what is wrong with it by field."""
    card, account, wrong = _means(session)
    answer = request.form.get("answer")
    email = preset_email(world, session)
    if email is None:
        try:
            email = Email().read(request.form.get("email", "").strip(), "email")
        except Refusal:
            wrong["email"] = NO_EMAIL
    if wrong:
        return None, wrong
    name = request.form.get("name", "").strip()[:200] or None
    return checkout.Payer(card, email, name, answer if answer in ("confirm", "fail") else None, account), {}


def _means(session: dict[str, Any]) -> tuple[Card | None, Account | None, dict[str, str]]:
    """The card or the account, or what is wrong. An IBAN goes before a picked card, a typed card before both."""
    typed, iban = request.form.get("card", "").strip(), request.form.get("iban", "").strip()
    picked = request.form.get("pick", "")
    if not typed and not iban and picked in debits.ACCOUNTS:
        iban = picked
    if iban and not typed:
        account = debits.by_iban(iban) if "sepa_debit" in session["payment_method_types"] else None
        return None, account, {} if account else {"iban": NOT_A_TEST_ACCOUNT}
    card = cards.by_number(typed or picked)
    return card, None, {} if card else {"card": NOT_A_TEST_CARD}


def preset_email(world: World, session: dict[str, Any]) -> str | None:
    """The address that the session already knows."""
    if session["customer_email"]:
        return str(session["customer_email"])
    known = world.store.get("customer", session["customer"]) if session["customer"] else None
    return (known or {}).get("email")


def _page(session: dict[str, Any], *, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    details = session["customer_details"] or {}
    page = render_template(
        "sandbox/pay.html",
        session=session,
        lines=session["_lines"],
        cards=list(cards.CARDS.values()),
        accounts=list(debits.ACCOUNTS.values()) if "sepa_debit" in session["payment_method_types"] else [],
        amount=written(session["amount_total"], session["currency"]),
        wrong=wrong or {},
        typed=request.form,
        preset=session["customer_email"] or details.get("email"),
        written=written,
    )
    return make_response(page, status)


def _question(session: dict[str, Any]) -> Response:
    return make_response(render_template("sandbox/confirm.html", session=session, typed=request.form))


def _closed(session: dict[str, Any] | None) -> Response:
    """A page that is over. Stripe does not say why, and shows no way back: paid and expired look the same there
    (github.com/stripe/stripe-node/issues/2462), so nothing of ours may lean on this page."""
    status = 404 if session is None else 410 if session["status"] == "expired" else 409
    return make_response(render_template("sandbox/closed.html", session=session), status)


def written(amount: int | None, currency: str | None) -> str:
    return Money(amount, currency.upper()).written("en") if amount is not None and currency else ""

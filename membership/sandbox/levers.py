"""The levers that do to an object what in real life a bank, a payer or Stripe would do, under /_sandbox/.

Each takes a JSON object and answers with the object that it changed; what cannot be done answers 400 (404 for an
object that is not there) with `error` in words. They are told of like everything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from membership.sandbox import cards, debits, ids
from membership.sandbox.answers import Refusal
from membership.sandbox.billing import balance, bank, debiting, disputing, refunding
from membership.sandbox.clock import NotATime, seconds
from membership.sandbox.resources import customers, prices, subscriptions
from membership.sandbox.shapes.cards import payment_method_card
from membership.sandbox.shapes.payouts import FAILURES
from membership.sandbox.store import shown
from membership.sandbox.world import STARTED_WITH, World

Lever = Callable[..., dict[str, Any]]


def bench(world: World) -> Blueprint:
    """All of them as one blueprint."""
    room = Blueprint("levers", __name__, url_prefix="/_sandbox")
    for path, lever in LEVERS.items():
        room.add_url_rule(path, lever.__name__, _pulled(world, lever), methods=["POST"])
    return room


def _pulled(world: World, lever: Lever) -> Callable[..., Response | tuple[Response, int]]:
    def view(**ids: str) -> Response | tuple[Response, int]:
        body = request.get_json(force=True, silent=True)
        try:
            with world.transaction():
                return jsonify(shown(lever(world, body if isinstance(body, dict) else {}, **ids)))
        except Refusal as refusal:
            return jsonify(error=str(refusal)), refusal.status

    return view


def _word(body: dict[str, Any], name: str, among: tuple[str, ...]) -> str:
    word = body.get(name)
    if word not in among:
        raise Refusal(f'Send {{"{name}": …}} with one of {", ".join(among)}.', param=name)
    return str(word)


def open_dispute(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """`{"charge": "ch_…", "reason": "fraudulent", "inquiry": false}`"""
    charge = world.get("charge", str(body.get("charge")), "charge")
    return disputing.begin(world, charge, str(body.get("reason", "general")), inquiry=bool(body.get("inquiry")))


def end_dispute(world: World, body: dict[str, Any], id: str) -> dict[str, Any]:
    """`{"outcome": "won" | "lost" | "warning_closed" | "escalated"}`"""
    return disputing.close(world, world.get("dispute", id), _word(body, "outcome", disputing.OUTCOMES))


def warn_of_fraud(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """`{"charge": "ch_…"}`"""
    return disputing.warn(world, world.get("charge", str(body.get("charge")), "charge"))


def end_refund(world: World, body: dict[str, Any], id: str) -> dict[str, Any]:
    """`{"outcome": "succeeded" | "failed", "reason": "lost_or_stolen_card"}`"""
    refund = world.get("refund", id)
    if _word(body, "outcome", ("succeeded", "failed")) == "failed":
        if refund["status"] == "failed":
            raise Refusal("This refund has already failed.", param="outcome")
        return refunding.fail(world, refund, str(body.get("reason", refunding.FAILS)))
    if refund["status"] != "pending":
        raise Refusal(f"This refund is {refund['status']}.", param="outcome")
    return refunding.succeed(world, refund)


def renew_card(world: World, body: dict[str, Any], id: str) -> dict[str, Any]:
    """`{"exp_month": 1, "exp_year": 2030, "card": "4242…"}`: the network told of a new expiry, or of a new card."""
    old = world.get("payment_method", id)
    fresh = cards.by_number(str(body["card"])) if "card" in body else cards.of_payment_method(old)
    month, year = (body.get(key, old["card"][key]) for key in ("exp_month", "exp_year"))
    if fresh is None or not (type(month) is int and type(year) is int and 1 <= month <= 12 and 2000 < year < 2100):
        raise Refusal('Send {"exp_month": 1, "exp_year": 2030, "card": "a test number"}, any of them.', param="card")
    like = payment_method_card(id=id, created=old["created"], card=fresh.number)["card"]
    return world.change(
        old, "payment_method.automatically_updated", card={**like, "exp_month": month, "exp_year": year}
    )


def end_debit(world: World, body: dict[str, Any], id: str) -> dict[str, Any]:
    """`{"outcome": "succeeded" | "failed", "reason": "insufficient_funds" | "debit_not_authorized"}`"""
    charge = world.get("charge", id)
    if charge["status"] != "pending":
        raise Refusal(f"This charge is {charge['status']}: there is nothing to wait for.", param="outcome")
    reasons = {one.code: one for one in (debits.NO_FUNDS, debits.RETURNED)}
    decline = None
    if _word(body, "outcome", ("succeeded", "failed")) == "failed":
        decline = reasons[_word({"reason": "insufficient_funds", **body}, "reason", tuple(reasons))]
    return bank.decide(world, charge, decline)


def end_mandate(world: World, _body: dict[str, Any], id: str) -> dict[str, Any]:
    """`{}`: the payer takes it back; debits under it fail from now on."""
    return debiting.withdraw(world, world.get("mandate", id))


def pay_out(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """`{"currency": "eur"}`: pay out now what is available."""
    made = balance.pay_out(world, str(body.get("currency", "eur")))
    if made is None:
        raise Refusal("There is nothing available that is not paid out.", param="currency")
    return made


def end_payout(world: World, body: dict[str, Any], id: str) -> dict[str, Any]:
    """`{"outcome": "paid" | "failed", "reason": "account_closed"}`"""
    payout = world.get("payout", id)
    if _word(body, "outcome", ("paid", "failed")) == "failed":
        code = _word({"reason": "account_closed", **body}, "reason", tuple(FAILURES))
        return balance.fail(world, payout, code)
    if payout["status"] != "in_transit":
        raise Refusal(f"This payout is {payout['status']}.", param="outcome")
    return balance.arrive(world, payout)


def roll_secret(world: World, body: dict[str, Any], id: str) -> dict[str, Any]:
    """`{"secret": "whsec_…", "overlap": "24h"}`: both sign for so long (wall time); `start` is the endpoint given at
    the start. Answers with the endpoint and its new secret."""
    kind = "v2.core.event_destination" if id.startswith("ed_") else "webhook_endpoint"
    old = world.get(kind, STARTED_WITH if id == "start" else id)
    secret = str(body.get("secret") or ids.new("whsec_"))
    try:
        overlap = seconds(str(body.get("overlap", "24h")))
    except NotATime as error:
        raise Refusal(str(error), param="overlap") from error
    rolled = {**old, "_secret": secret, "_old_secret": old["_secret"], "_old_until": time.time() + overlap}
    return {**world.save(rolled), "secret": secret}


def stranger(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """`{"email": "…", "amount": 500}`: somebody subscribes by another way (the dashboard, another application on the same
    account): customer, price and subscription without any metadata of ours."""
    amount = body.get("amount", 500)
    if type(amount) is not int or amount < 50:
        raise Refusal("Send an amount of at least 50 minor units.", param="amount")
    card = {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    customer = customers.create(world, {"email": str(body.get("email", "stranger@example.org")), **card})
    recurring = {"interval": "month"}
    wanted = {"currency": "eur", "unit_amount": amount, "recurring": recurring, "product_data": {"name": "Elsewhere"}}
    price = prices.create(world, wanted)
    return subscriptions.create(world, {"customer": customer["id"], "items": [{"price": price["id"]}]})


LEVERS: dict[str, Lever] = {
    "/charges/<id>": end_debit,
    "/disputes": open_dispute,
    "/disputes/<id>": end_dispute,
    "/fraud_warnings": warn_of_fraud,
    "/mandates/<id>": end_mandate,
    "/payment_methods/<id>": renew_card,
    "/payouts": pay_out,
    "/payouts/<id>": end_payout,
    "/refunds/<id>": end_refund,
    "/strangers": stranger,
    "/webhook_endpoints/<id>/roll": roll_secret,
}

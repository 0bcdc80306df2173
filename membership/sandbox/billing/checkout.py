"""What a payment on the hosted page brings about (https://docs.stripe.com/payments/checkout/how-checkout-works)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from membership.sandbox import cards, ids
from membership.sandbox.billing import charging, collecting, debiting, discounts, invoicing
from membership.sandbox.billing.periods import period_at
from membership.sandbox.cards import Card, Decline
from membership.sandbox.debits import Account
from membership.sandbox.shapes import payments, sessions
from membership.sandbox.shapes.cards import payment_method_card
from membership.sandbox.shapes.customers import customer
from membership.sandbox.shapes.debits import payment_method_sepa
from membership.sandbox.shapes.subscriptions import subscription
from membership.sandbox.world import World

HELD = 15.0


@dataclass(frozen=True)
class Payer:
    """What was typed on the page: a card or an account. `answer`: to the 3-D Secure question, None when not asked."""

    card: Card | None
    email: str | None
    name: str | None = None
    answer: str | None = None
    account: Account | None = None

    @property
    def country(self) -> str:
        return self.account.iban[:2] if self.account else self.card.country if self.card else ""


@dataclass(frozen=True)
class Outcome:
    """`decline` says why not; else the session is complete and `event` tells of it."""

    session: dict[str, Any]
    decline: Decline | None = None
    event: str | None = None


def pay(world: World, session: dict[str, Any], payer: Payer) -> Outcome:
    """Pay an open session in the transaction at hand; a decline leaves it open for another try."""
    method = _method(world, payer)
    decline = cards.NOT_CONFIRMED if payer.answer == "fail" else payer.card.now if payer.card else None
    if decline is not None:
        return _refuse(world, session, method, payer, decline)
    who = _customer(world, session, payer)
    if who:
        method["customer"] = who["id"]
    world.save(method)
    if who:
        world.tell("payment_method.attached", method)
    links = {
        "payment": _pay_once,
        "subscription": _subscribe,
        "setup": _set_up,
    }[session["mode"]](world, session, method, who, payer)
    due = session["amount_total"] if session["mode"] != "setup" else 0
    awaits = links.pop("_awaits", None)
    status = "no_payment_required" if not due else "unpaid" if awaits else "paid"
    after = {
        **session,
        **links,
        "status": "complete",
        "url": None,
        "customer": who["id"] if who else None,
        "payment_status": status,
        "customer_details": sessions.customer_details(payer.email, payer.name, payer.country),
        "_awaits": awaits,
    }
    world.save(after)
    return Outcome(after, event=world.tell("checkout.session.completed", after, hold=HELD))


def _method(world: World, payer: Payer) -> dict[str, Any]:
    known: dict[str, Any] = {"id": ids.new("pm_"), "created": world.now(), "email": payer.email, "name": payer.name}
    if payer.account:
        return payment_method_sepa(iban=payer.account.iban, **known)
    return payment_method_card(card=payer.card.number if payer.card else "", **known)


def _take(world: World, intent: dict[str, Any], method: dict[str, Any], payer: Payer) -> dict[str, Any]:
    """Charge the card, or send the debit on its way; returns the intent."""
    who: dict[str, Any] = {"email": payer.email, "name": payer.name}
    if payer.account:
        return debiting.start(world, intent, method, payer.account, payer.account.now, **who)
    return charging.take(world, intent, method, None, confirmed=payer.answer == "confirm", **who)


def _refuse(world: World, session: dict[str, Any], method: dict[str, Any], payer: Payer, decline: Decline) -> Outcome:
    world.save(method)
    if session["amount_total"]:
        intent = _intent(world, session)
        if payer.answer == "fail":
            charging.not_confirmed(world, intent, method, decline)
        else:
            charging.take(world, intent, method, decline, email=payer.email, name=payer.name)
        session = {**session, "_intent": intent["id"]}
        world.save(session)
    elif session["mode"] == "setup":
        error = payments.payment_error(decline, "", method)
        del error["charge"]
        failed = {**_setup_intent(world, session), "last_setup_error": error}
        world.save(failed)
        world.tell("setup_intent.setup_failed", failed)
        session = world.save({**session, "setup_intent": failed["id"]})
    return Outcome(session, decline=decline)


def _customer(world: World, session: dict[str, Any], payer: Payer) -> dict[str, Any] | None:
    """The session's customer, or a new one where its mode or `customer_creation` wants one."""
    if session["customer"]:
        return world.get("customer", session["customer"], "customer")
    if session["mode"] != "subscription" and session["customer_creation"] != "always":
        return None
    locale = session["locale"]
    new = customer(
        id=ids.new("cus_"),
        created=world.now(),
        email=payer.email,
        name=payer.name,
        preferred_locales=[locale] if locale and locale != "auto" else [],
    )
    world.save(new)
    world.tell("customer.created", new)
    return new


def _intent(world: World, session: dict[str, Any], who: dict[str, Any] | None = None) -> dict[str, Any]:
    """The session's payment intent, the one of an earlier declined try if there was one."""
    known = session.get("_intent")
    if known:
        intent = {**world.get("payment_intent", known), "amount": session["amount_total"]}
        return world.save({**intent, "customer": who["id"]} if who else intent)
    once = session["mode"] == "payment"
    data = session.get("_payment_intent_data") or {}
    stated = {
        "description": data.get("description"),
        "metadata": data.get("metadata") or {},
        "receipt_email": data.get("receipt_email"),
        "setup_future_usage": data.get("setup_future_usage"),
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
    }
    for_subscription = {"description": "Subscription creation", "setup_future_usage": "off_session"}
    return charging.open_intent(
        world,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=who["id"] if who else session["customer"],
        **(stated if once else for_subscription),
    )


def _redeemed(world: World, session: dict[str, Any], who: dict[str, Any] | None, **where: str | None) -> list[str]:
    """The session's discounts, put to work; their ids."""
    found = []
    for one in session["discounts"]:
        coupon = world.store.get("coupon", one["coupon"]) or {}
        code = world.store.get("promotion_code", one["promotion_code"]) if one["promotion_code"] else None
        if coupon and not coupon.get("deleted"):
            customer = who["id"] if who else None
            made = discounts.redeem(world, (coupon, code), customer=customer, checkout_session=session["id"], **where)
            found.append(made["id"])
    return found


def discounted(session: dict[str, Any], found: discounts.Found) -> dict[str, Any]:
    """An open session with this coupon on its lines. Raises `Refusal` for one that does not fit."""
    coupon, code = found
    subtotal = session["amount_subtotal"]
    discounts.check(found, subtotal, session["currency"], "discounts")
    left, lines = discounts.worth(coupon, subtotal), []
    for n, line in enumerate(session["_lines"], 1):
        share = left if n == len(session["_lines"]) else min(left, line["amount_subtotal"] * left // subtotal)
        left -= share
        lines.append({**line, "amount_discount": share, "amount_total": line["amount_subtotal"] - share})
    off = sum(line["amount_discount"] for line in lines)
    return {
        **session,
        "_lines": lines,
        "amount_total": subtotal - off,
        "discounts": [{"coupon": coupon["id"], "promotion_code": code["id"] if code else None}],
        "total_details": {**session["total_details"], "amount_discount": off},
    }


def _pay_once(
    world: World, session: dict[str, Any], method: dict[str, Any], who: dict[str, Any] | None, payer: Payer
) -> dict[str, Any]:
    _redeemed(world, session, who)
    if not session["amount_total"]:
        return {}
    intent = _take(world, _intent(world, session, who), method, payer)
    return {"payment_intent": intent["id"], "_awaits": intent["id"] if intent["status"] == "processing" else None}


def _set_up(
    world: World, session: dict[str, Any], method: dict[str, Any], who: dict[str, Any] | None, payer: Payer
) -> dict[str, Any]:
    intent = {
        **_setup_intent(world, session),
        "customer": who["id"] if who else None,
        "payment_method": method["id"],
        "mandate": debiting.mandate_for(world, method)["id"] if payer.account else None,
        "last_setup_error": None,
        "status": "succeeded",
    }
    world.save(intent)
    world.tell("setup_intent.succeeded", intent)
    return {"setup_intent": intent["id"]}


def _setup_intent(world: World, session: dict[str, Any]) -> dict[str, Any]:
    """The session's setup intent, made at the first try."""
    if session["setup_intent"]:
        return world.get("setup_intent", session["setup_intent"])
    data = session.get("_setup_intent_data") or {}
    new = sessions.setup_intent(
        id=ids.new("seti_"),
        created=world.now(),
        customer=session["customer"],
        payment_method=None,
        metadata=data.get("metadata"),
        description=data.get("description"),
        status="requires_payment_method",
    )
    world.save(new)
    world.tell("setup_intent.created", new)
    return new


def _subscribe(
    world: World, session: dict[str, Any], method: dict[str, Any], who: dict[str, Any] | None, payer: Payer
) -> dict[str, Any]:
    if who is None:
        raise ValueError("a subscription needs a customer")
    data = session.get("_subscription_data") or {}
    line, now = session["_lines"][0], world.now()
    recurring = line["price"]["recurring"]
    start, finish = period_at(now, now, recurring["interval"], recurring["interval_count"])
    due = session["amount_total"]
    intent = None
    if due:
        intent = _take(world, _intent(world, session, who), method, payer)
    new = subscription(
        id=ids.new("sub_"),
        item_id=ids.new("si_"),
        created=now,
        customer=who["id"],
        price=line["price"],
        quantity=line["quantity"],
        period_start=start,
        period_end=finish,
        default_payment_method=method["id"],
        metadata=data.get("metadata") or {},
        description=data.get("description"),
        latest_invoice=ids.new("in_"),
    )
    new["discounts"] = _redeemed(world, session, who, subscription=new["id"])
    world.save(new)
    world.tell("customer.subscription.created", new)
    draft = invoicing.write(world, new, "subscription_create", start, finish, id=new["latest_invoice"])
    opened = invoicing.finalize(world, draft, use_balance=False)
    links = {"subscription": new["id"], "invoice": opened["id"]}
    payment = collecting.link(world, opened, intent) if intent else None
    if intent and intent["status"] == "processing":
        collecting.waiting_for_bank(world, opened)
        return {**links, "_awaits": intent["id"]}
    collecting.settle(world, opened, payment)
    return links

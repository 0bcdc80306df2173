"""The bank's answer to a debit, days after it was sent, and what that does to invoice, subscription and session.

https://docs.stripe.com/payments/sepa-debit. A subscription is active from the start; when its first debit fails the
invoice is voided and the subscription stays active; a later one that fails makes it past due like a card would.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox import debits
from membership.sandbox.billing import balance, charging, collecting, invoicing, renewing
from membership.sandbox.cards import Decline
from membership.sandbox.world import World

FEE = 35


def answer(world: World, charge: dict[str, Any]) -> None:
    """The bank has answered."""
    failures = {one.code: one for one in (debits.NO_FUNDS, debits.RETURNED)}
    decide(world, charge, failures.get(charge["_fails"] or ""))


def decide(world: World, charge: dict[str, Any], decline: Decline | None) -> dict[str, Any]:
    """A pending debit is paid, or returned for this reason; returns the charge."""
    quiet = {key: value for key, value in charge.items() if key not in ("_due", "_fails")}
    intent = world.get("payment_intent", charge["payment_intent"])
    if decline is not None:
        method = world.get("payment_method", charge["payment_method"])
        charging.declined(world, intent, method, failed_charge(quiet, decline), decline)
        after = world.get("charge", charge["id"])
        _returned(world, after)
        return after
    after = _paid(world, quiet, intent)
    _arrived(world, after)
    return after


def failed_charge(charge: dict[str, Any], decline: Decline) -> dict[str, Any]:
    """The charge once its debit was returned."""
    return {
        **charge,
        "status": "failed",
        "paid": False,
        "amount_captured": 0,
        "captured": False,
        "failure_code": decline.code,
        "failure_message": decline.message,
    }


def _paid(world: World, charge: dict[str, Any], intent: dict[str, Any]) -> dict[str, Any]:
    arrived = balance.moved(
        world,
        amount=charge["amount"],
        currency=charge["currency"],
        source=charge["id"],
        kind="payment",
        category="charge",
        fee_amount=min(FEE, charge["amount"]),
        description=charge["description"],
    )
    after = {**charge, "status": "succeeded", "paid": True, "balance_transaction": arrived["id"]}
    account = debits.of_payment_method(charge["payment_method_details"])
    if account and account.after:
        after["_due"] = world.now() + charging.AFTERWARDS
    world.save(after)
    done = {**intent, "status": "succeeded", "amount_received": intent["amount"]}
    world.save(done)
    world.tell("payment_intent.succeeded", done)
    world.tell("charge.succeeded", after, before=charge)
    return after


def _payment_of(world: World, charge: dict[str, Any]) -> dict[str, Any] | None:
    """The open invoice payment that the charge was for."""
    found = world.store.find("invoice_payment", payment_intent=charge["payment_intent"])
    return next((payment for payment in found if payment["status"] == "open"), None)


def _session_of(world: World, charge: dict[str, Any], invoice: dict[str, Any] | None) -> dict[str, Any] | None:
    """The session that waits for this charge."""
    subscription = renewing.subscription_of(world, invoice) if invoice else None
    where = {"owner": subscription["id"]} if subscription else {"payment_intent": charge["payment_intent"]}
    found = world.store.find("checkout.session", **where)
    return next((one for one in found if one.get("_awaits") == charge["payment_intent"]), None)


def _arrived(world: World, charge: dict[str, Any]) -> None:
    payment = _payment_of(world, charge)
    invoice = world.get("invoice", payment["invoice"]) if payment else None
    if invoice and invoice["status"] in ("open", "uncollectible"):
        renewing.follow(world, collecting.settle(world, invoice, payment))
    session = _session_of(world, charge, invoice)
    if session:
        paid = world.save({**session, "payment_status": "paid", "_awaits": None})
        world.tell("checkout.session.async_payment_succeeded", paid)


def _returned(world: World, charge: dict[str, Any]) -> None:
    payment = _payment_of(world, charge)
    invoice = world.get("invoice", payment["invoice"]) if payment else None
    if invoice and invoice["status"] == "open":
        failed = collecting.failed(world, invoice)
        if invoice["billing_reason"] == "subscription_create":
            invoicing.close(world, failed, "void")
        else:
            renewing.follow(world, failed)
    session = _session_of(world, charge, invoice)
    if session:
        over = world.save({**session, "_awaits": None})
        world.tell("checkout.session.async_payment_failed", over)

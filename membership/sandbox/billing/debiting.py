"""Sending a debit to a payer's bank, and the mandate that allows it (https://docs.stripe.com/payments/sepa-debit)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import debits, ids
from membership.sandbox.cards import Decline
from membership.sandbox.shapes import debits as shapes
from membership.sandbox.shapes import payments
from membership.sandbox.world import World


def mandate_for(world: World, method: dict[str, Any]) -> dict[str, Any]:
    """The mandate of an account, given when it is first used."""
    for known in world.store.find("mandate", owner=method["id"]):
        return known
    new = world.save(shapes.mandate(id=ids.new("mandate_"), created=world.now(), payment_method=method["id"]))
    world.tell("mandate.updated", new)
    return new


def withdraw(world: World, mandate: dict[str, Any]) -> dict[str, Any]:
    """The payer, or the bank, takes the leave back."""
    return world.change(mandate, "mandate.updated", status="inactive")


def start(
    world: World,
    intent: dict[str, Any],
    method: dict[str, Any],
    account: debits.Account,
    decline: Decline | None,
    **more: Any,
) -> dict[str, Any]:
    """Send the debit to the bank; returns the intent, which is `processing`. `decline`: what it will fail with."""
    ready = world.now() + account.takes
    mandate = mandate_for(world, method)
    charge = payments.charge(
        id=ids.new("py_"),
        created=world.now(),
        amount=intent["amount"],
        currency=intent["currency"],
        payment_intent=intent["id"],
        payment_method=method,
        details=shapes.debit_of_charge(method, mandate["id"], ready),
        customer=intent["customer"],
        description=intent["description"],
        metadata=dict(intent["metadata"]),
        receipt_email=intent["receipt_email"],
        **more,
    )
    fate = decline if mandate["status"] == "active" else debits.RETURNED
    pending = {
        **charge,
        "status": "pending",
        "paid": False,
        "_due": ready,
        "_fails": fate.code if fate else None,
    }
    world.save(pending)
    under_way = {
        **intent,
        "status": "processing",
        "latest_charge": charge["id"],
        "payment_method": method["id"],
        "payment_method_types": ["card", "sepa_debit"],
        "last_payment_error": None,
        "next_action": None,
    }
    world.save(under_way)
    world.tell("payment_intent.processing", under_way)
    world.tell("charge.pending", pending)
    return under_way

"""One try to take money with a card: the intent, the charge, what arrives on the balance, and what is told of it."""

from __future__ import annotations

from typing import Any

from membership.sandbox import cards, ids
from membership.sandbox.billing import balance
from membership.sandbox.cards import Decline
from membership.sandbox.shapes import payments
from membership.sandbox.world import World

AFTERWARDS = 60


def open_intent(world: World, *, amount: int, currency: str, **more: object) -> dict[str, Any]:
    """A payment intent that waits for a card."""
    intent = payments.payment_intent(
        id=ids.new("pi_"),
        created=world.now(),
        amount=amount,
        currency=currency,
        status="requires_payment_method",
        **more,  # type: ignore[arg-type]
    )
    world.save(intent)
    world.tell("payment_intent.created", intent)
    return intent


def take(
    world: World,
    intent: dict[str, Any],
    method: dict[str, Any],
    decline: Decline | None,
    *,
    confirmed: bool = False,
    email: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Charge the card, or have it declined; returns the intent as it is afterwards."""
    charge = payments.charge(
        id=ids.new("ch_"),
        created=world.now(),
        amount=intent["amount"],
        currency=intent["currency"],
        payment_intent=intent["id"],
        payment_method=method,
        customer=intent["customer"],
        decline=decline,
        description=intent["description"],
        metadata=dict(intent["metadata"]),
        receipt_email=intent["receipt_email"],
        email=email,
        name=name,
        confirmed=confirmed,
        statement_descriptor_suffix=intent["statement_descriptor_suffix"],
    )
    if decline is not None:
        return declined(world, intent, method, charge, decline)
    arrived = balance.moved(
        world,
        amount=charge["amount"],
        currency=charge["currency"],
        source=charge["id"],
        description=charge["description"],
    )
    charge["balance_transaction"] = arrived["id"]
    if cards.of_payment_method(method).after:
        charge["_due"] = world.now() + AFTERWARDS
    world.save(charge)
    paid = {
        **intent,
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "payment_method": method["id"],
        "last_payment_error": None,
        "next_action": None,
    }
    world.save(paid)
    world.tell("payment_intent.succeeded", paid)
    world.tell("charge.succeeded", charge)
    return paid


def declined(
    world: World, intent: dict[str, Any], method: dict[str, Any], charge: dict[str, Any], decline: Decline
) -> dict[str, Any]:
    """The charge failed; returns the intent, which waits for another way to pay."""
    world.save(charge)
    failed = {
        **intent,
        "status": "requires_payment_method",
        "latest_charge": charge["id"],
        "payment_method": None,
        "next_action": None,
        "last_payment_error": payments.payment_error(decline, charge["id"], method),
    }
    world.save(failed)
    world.tell("charge.failed", charge)
    world.tell("payment_intent.payment_failed", failed)
    return failed


def ask(world: World, intent: dict[str, Any], method: dict[str, Any]) -> dict[str, Any]:
    """The bank wants the payer to confirm with this card before it pays."""
    waiting = {
        **intent,
        "status": "requires_action",
        "payment_method": method["id"],
        "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}},
    }
    world.save(waiting)
    world.tell("payment_intent.requires_action", waiting)
    return waiting


def not_confirmed(world: World, intent: dict[str, Any], method: dict[str, Any], decline: Decline) -> dict[str, Any]:
    """The payer failed the 3-D Secure question: the bank is not even asked, so that there is no charge."""
    error = payments.payment_error(decline, "", method)
    del error["charge"], error["network_decline_code"], error["advice_code"]
    failed = {
        **intent,
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error,
    }
    world.save(failed)
    world.tell("payment_intent.payment_failed", failed)
    return failed

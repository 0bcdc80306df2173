"""Money given back: at once, later, or in vain (https://docs.stripe.com/refunds)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import cards, ids
from membership.sandbox.billing import balance
from membership.sandbox.shapes import payments
from membership.sandbox.world import World

LATER = 2 * 86_400
FAILS = "expired_or_canceled_card"


def give_back(
    world: World, charge: dict[str, Any], amount: int, reason: str | None, metadata: dict[str, str]
) -> dict[str, Any]:
    """Refund part or all of a charge; returns the refund. The fee stays with the processor."""
    fate = cards.of_charge(charge).refunds
    refund_id = ids.new("re_")
    gone = _moved(world, -amount, charge["currency"], refund_id, "refund", "REFUND FOR CHARGE")
    refund = payments.refund(
        id=refund_id,
        created=world.now(),
        charge=charge,
        amount=amount,
        balance_transaction=gone["id"],
        reason=reason,
        metadata=metadata,
        status="pending" if fate == "later" else "succeeded",
    )
    if fate != "now":
        refund["_due"] = world.now() + LATER
    world.save(refund)
    after = _counted(charge, amount)
    world.save(after)
    world.tell("refund.created", refund)
    world.tell("charge.refunded", after, before=charge)
    for warning in world.store.find("radar.early_fraud_warning", owner=charge["id"]):
        if after["refunded"]:
            world.change(warning, "radar.early_fraud_warning.updated", actionable=False)
    return refund


def go_on(world: World, refund: dict[str, Any]) -> None:
    """What was left open about a refund is decided by its card."""
    if refund["status"] == "pending":
        succeed(world, refund)
    else:
        fail(world, refund, FAILS)


def succeed(world: World, refund: dict[str, Any]) -> dict[str, Any]:
    """A pending refund has reached the payer."""
    return _changed(world, refund, status="succeeded")


def fail(world: World, refund: dict[str, Any], why: str) -> dict[str, Any]:
    """The payer's bank sent the money back: it is on the balance again and counts as unrefunded."""
    back = _moved(world, refund["amount"], refund["currency"], refund["id"], "refund_failure", "REFUND FAILURE")
    failed = _changed(world, refund, status="failed", failure_reason=why, failure_balance_transaction=back["id"])
    charge = world.get("charge", refund["charge"])
    world.save(_counted(charge, -refund["amount"]))
    world.tell("refund.failed", failed, before=refund)
    return failed


def _changed(world: World, refund: dict[str, Any], **values: object) -> dict[str, Any]:
    after = {**{key: value for key, value in refund.items() if key != "_due"}, **values}
    world.save(after)
    world.tell("refund.updated", after, before=refund)
    world.tell("charge.refund.updated", after, before=refund)
    return after


def _counted(charge: dict[str, Any], amount: int) -> dict[str, Any]:
    back = charge["amount_refunded"] + amount
    return {**charge, "amount_refunded": back, "refunded": back == charge["amount"]}


def _moved(world: World, amount: int, currency: str, source: str, kind: str, words: str) -> dict[str, Any]:
    return balance.moved(world, amount=amount, currency=currency, source=source, kind=kind, description=words)

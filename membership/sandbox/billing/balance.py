"""What moves on the balance, and the daily payout of what has become available (https://docs.stripe.com/payouts).

Every movement is available three days later; at the midnight (UTC) after that everything available of its currency
that no payout holds yet is paid out together, if it is more than nothing. The money arrives two days later.
"""

from __future__ import annotations

import json
from typing import Any

from membership.sandbox import ids
from membership.sandbox.answers import Refusal
from membership.sandbox.shapes import payments, payouts
from membership.sandbox.world import World

DAY = 86_400
ARRIVES_AFTER = 2 * DAY
FREE = """
SELECT body FROM objects WHERE object = 'balance_transaction' AND payment_intent IS NULL
  AND json_extract(body, '$.currency') = ? AND json_extract(body, '$.available_on') <= ? ORDER BY created, seq
"""


def moved(world: World, **parts: Any) -> dict[str, Any]:
    """A movement, written down now; returns the balance transaction."""
    now = world.now()
    made = payments.balance_transaction(id=ids.new("txn_"), created=now, now=now, **parts)
    return world.save({**made, "_due": _midnight_after(made["available_on"])})


def _midnight_after(moment: int) -> int:
    return (moment // DAY + 1) * DAY


def look_at(world: World, transaction: dict[str, Any]) -> None:
    """A movement's payout day has come."""
    if world.settings.payouts:
        pay_out(world, transaction["currency"])
    left = world.get("balance_transaction", transaction["id"])
    world.save({key: value for key, value in left.items() if key != "_due"})


def pay_out(world: World, currency: str) -> dict[str, Any] | None:
    """Pay out what is available and not paid out yet; None when that is nothing, or less."""
    rows = world.store.query(FREE, (currency, world.now()))
    held = [json.loads(body) for (body,) in rows]
    amount = sum(one["net"] for one in held)
    if amount <= 0:
        return None
    id, now = ids.new("po_"), world.now()
    own = _at_once(world, -amount, currency, id, "payout", "STRIPE PAYOUT")
    new = payouts.payout(
        id=id,
        created=now,
        amount=amount,
        currency=currency,
        arrival_date=now + ARRIVES_AFTER,
        balance_transaction=own["id"],
    )
    for one in (*held, own):
        kept = {key: value for key, value in one.items() if key != "_due"}
        world.save({**kept, "_payout": id})
    world.save({**new, "_due": new["arrival_date"]})
    world.tell("payout.created", new)
    return new


def _at_once(world: World, amount: int, currency: str, source: str, kind: str, words: str) -> dict[str, Any]:
    now = world.now()
    made = payments.balance_transaction(
        id=ids.new("txn_"),
        created=now,
        now=now,
        amount=amount,
        currency=currency,
        source=source,
        kind=kind,
        description=words,
        available_on=now,
    )
    return world.save(made)


def arrive(world: World, payout: dict[str, Any]) -> dict[str, Any]:
    """The money is at the bank."""
    quiet = {key: value for key, value in payout.items() if key != "_due"}
    paid = {**quiet, "status": "paid", "reconciliation_status": "completed"}
    world.save(paid)
    world.tell("payout.paid", paid, before=payout)
    world.tell("payout.reconciliation_completed", paid, before=payout)
    return paid


def fail(world: World, payout: dict[str, Any], code: str) -> dict[str, Any]:
    """The bank sent the payout back, before or after it had arrived: it is on the balance again, for the next one."""
    if payout["status"] not in ("pending", "in_transit", "paid"):
        raise Refusal(f"This payout is {payout['status']}.", param="outcome")
    back = _at_once(world, payout["amount"], payout["currency"], payout["id"], "payout_failure", "PAYOUT FAILURE")
    world.save({**back, "_due": _midnight_after(world.now())})
    failed = {
        **{key: value for key, value in payout.items() if key != "_due"},
        "status": "failed",
        "failure_code": code,
        "failure_message": payouts.FAILURES[code],
        "failure_balance_transaction": back["id"],
    }
    world.save(failed)
    world.tell("payout.failed", failed, before=payout)
    return failed

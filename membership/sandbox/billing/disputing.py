"""Disputes, inquiries and fraud warnings, and the money they move (https://docs.stripe.com/disputes/how-disputes-work).

A dispute takes its amount and a fee of 15.00 off the balance when it opens; the amount comes back when it is won, the
fee does not. An inquiry moves no money until it becomes a dispute. Nothing is decided by the clock alone, save after
evidence with Stripe's words for tests: `winning_evidence`, `losing_evidence`.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox import cards, debits, ids
from membership.sandbox.answers import Refusal
from membership.sandbox.billing import balance
from membership.sandbox.shapes import disputes
from membership.sandbox.store import shown
from membership.sandbox.world import World

FEE = 1500
DECIDED_AFTER = 60
WORDS = {"winning_evidence": "won", "losing_evidence": "lost"}
OUTCOMES = ("won", "lost", "warning_closed", "escalated")
OVER = ("won", "lost", "warning_closed", "prevented")


def strike(world: World, charge: dict[str, Any]) -> None:
    """What the card of a charge brings after it."""
    quiet = world.save({key: value for key, value in charge.items() if key != "_due"})
    account = debits.of_payment_method(charge["payment_method_details"])
    if account is not None:
        if account.after and charge["amount_refunded"] < charge["amount"]:
            take_back(world, quiet)
        return
    after = cards.of_charge(charge).after
    if after == "warning":
        warn(world, quiet)
    elif after is not None and charge["amount_refunded"] < charge["amount"] and not charge["disputed"]:
        begin(world, quiet, "fraudulent", inquiry=after == "inquiry")


def warn(world: World, charge: dict[str, Any]) -> dict[str, Any]:
    """The bank warns that the charge may be fraud; nothing else changes."""
    warning = disputes.early_fraud_warning(id=ids.new("issfr_"), created=world.now(), charge=charge)
    world.save(warning)
    world.tell("radar.early_fraud_warning.created", warning)
    return warning


def begin(world: World, charge: dict[str, Any], reason: str, *, inquiry: bool = False) -> dict[str, Any]:
    """Open a dispute, or an inquiry, on what is not refunded of a paid charge. Raises `Refusal` where none can be."""
    left = charge["amount"] - charge["amount_refunded"]
    if not charge["paid"] or charge["disputed"] or left <= 0:
        raise Refusal(f"Charge {charge['id']} cannot be disputed: it is unpaid, disputed or refunded.", param="charge")
    opened = disputes.dispute(
        id=ids.new("dp_"),
        created=world.now(),
        charge=charge,
        amount=left,
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    world.save({**charge, "disputed": True})
    if not inquiry:
        opened = _withdrawn(world, opened)
    world.save(opened)
    world.tell("charge.dispute.created", opened)
    if not inquiry:
        world.tell("charge.dispute.funds_withdrawn", opened)
    return opened


def take_back(world: World, charge: dict[str, Any]) -> dict[str, Any]:
    """The payer had the bank take a debit back: final at once, and the mandate is gone."""
    opened = begin(world, charge, "debit_not_authorized")
    mandate = world.store.get("mandate", charge["payment_method_details"]["sepa_debit"]["mandate"] or "")
    if mandate:
        world.change(mandate, "mandate.updated", status="inactive")
    return close(world, opened, "lost")


def answer(world: World, dispute: dict[str, Any], values: dict[str, Any], *, submit: bool) -> dict[str, Any]:
    """Evidence written down and, where asked, handed in."""
    after = {**dispute, **values}
    if submit:
        inquiry = dispute["status"].startswith("warning_")
        details = after["evidence_details"]
        after["status"] = "warning_under_review" if inquiry else "under_review"
        after["evidence_details"] = {
            **details,
            "submission_count": details["submission_count"] + 1,
            "submission_method": "manual",
        }
        if after["evidence"]["uncategorized_text"] in WORDS and not inquiry:
            after["_due"] = world.now() + DECIDED_AFTER
    if after != dispute:
        world.save(after)
        world.tell("charge.dispute.updated", after, before=dispute)
    return after


def decide(world: World, dispute: dict[str, Any]) -> None:
    """The bank has read the evidence."""
    outcome = WORDS.get(dispute["evidence"]["uncategorized_text"] or "", "lost")
    close(world, {key: value for key, value in dispute.items() if key != "_due"}, outcome)


def close(world: World, dispute: dict[str, Any], outcome: str) -> dict[str, Any]:
    """Bring a dispute to an end, or an inquiry to its next stage. Raises `Refusal` for an end it cannot have."""
    inquiry = dispute["status"].startswith("warning_")
    if dispute["status"] in OVER or inquiry != (outcome in ("warning_closed", "escalated")):
        raise Refusal(f"This dispute is {dispute['status']} and cannot become {outcome}.", param="outcome")
    if outcome == "escalated":
        return _escalated(world, dispute)
    closed = {**dispute, "status": outcome}
    if outcome == "won":
        closed = _reinstated(world, closed)
    world.save(closed)
    world.tell("charge.dispute.updated", closed, before=dispute)
    world.tell("charge.dispute.closed", closed, before=dispute)
    if outcome == "won":
        world.tell("charge.dispute.funds_reinstated", closed)
    return closed


def _escalated(world: World, inquiry: dict[str, Any]) -> dict[str, Any]:
    details = inquiry["payment_method_details"]
    card = {**details, "card": {**details["card"], "case_type": "chargeback"}} if details else None
    after = _withdrawn(
        world,
        {**inquiry, "status": "needs_response", "is_charge_refundable": False, "payment_method_details": card},
    )
    world.save(after)
    world.tell("charge.dispute.updated", after, before=inquiry)
    world.tell("charge.dispute.funds_withdrawn", after)
    return after


def _withdrawn(world: World, dispute: dict[str, Any]) -> dict[str, Any]:
    words = f"Chargeback withdrawal for {dispute['charge']}"
    return _with_transaction(world, dispute, -dispute["amount"], FEE, "dispute", words)


def _reinstated(world: World, dispute: dict[str, Any]) -> dict[str, Any]:
    words = f"Chargeback reversal for {dispute['charge']}"
    return _with_transaction(world, dispute, dispute["amount"], 0, "dispute_reversal", words)


def _with_transaction(
    world: World, dispute: dict[str, Any], amount: int, fee: int, category: str, words: str
) -> dict[str, Any]:
    moved = balance.moved(
        world,
        amount=amount,
        currency=dispute["currency"],
        source=dispute["id"],
        kind="adjustment",
        category=category,
        fee_amount=fee,
        fee_words="Dispute fee",
        description=words,
    )
    return {**dispute, "balance_transactions": [*dispute["balance_transactions"], shown(moved)]}

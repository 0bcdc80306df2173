"""Taking an open invoice's money: by the stored card or account, or by the payer in person; and what a failure means."""

from __future__ import annotations

from typing import Any

from membership.sandbox import cards, debits, ids
from membership.sandbox.billing import charging, debiting
from membership.sandbox.shapes import invoices
from membership.sandbox.world import World

DAY = 86_400


def intent_of(world: World, invoice: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The open invoice payment and its intent, once the invoice has them."""
    for payment in world.store.find("invoice_payment", owner=invoice["id"]):
        if payment["status"] == "open":
            return payment, world.get("payment_intent", payment["payment"]["payment_intent"])
    return None


def method_for(world: World, subscription: dict[str, Any]) -> dict[str, Any] | None:
    """The subscription's own card, else the customer's, if it is still the customer's."""
    customer = world.store.get("customer", subscription["customer"]) or {}
    of_customer = (customer.get("invoice_settings") or {}).get("default_payment_method")
    chosen = subscription["default_payment_method"] or of_customer
    method = world.store.get("payment_method", chosen) if chosen else None
    return method if method and method["customer"] == subscription["customer"] else None


def link(world: World, invoice: dict[str, Any], intent: dict[str, Any]) -> dict[str, Any]:
    """The open invoice payment that ties an invoice to the intent that is to pay it."""
    return world.save(
        invoices.invoice_payment(
            id=ids.new("inpay_"),
            created=world.now(),
            invoice=invoice["id"],
            payment_intent=intent["id"],
            amount=invoice["amount_due"],
            currency=invoice["currency"],
            status="open",
        )
    )


def settle(world: World, invoice: dict[str, Any], payment: dict[str, Any] | None) -> dict[str, Any]:
    """The invoice is paid (`payment`: its open invoice payment; None when there was nothing to pay)."""
    now = world.now()
    paid = {
        **invoice,
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "attempt_count": invoice["attempt_count"] + 1,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status_transitions": {**invoice["status_transitions"], "paid_at": now},
    }
    world.save(paid)
    if payment is not None:
        done = {
            **payment,
            "status": "paid",
            "amount_paid": payment["amount_requested"],
            "status_transitions": {"canceled_at": None, "paid_at": now},
        }
        world.save(done)
    world.tell("invoice.paid", paid, before=invoice)
    world.tell("invoice.payment_succeeded", paid, before=invoice)
    if payment is not None:
        world.tell("invoice_payment.paid", done)
    return paid


def collect(
    world: World, invoice: dict[str, Any], subscription: dict[str, Any], method: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Try to take an open invoice's money with the stored card (or `method`), the payer absent; returns the invoice
    afterwards. A bank that wants the payer's word leaves the intent in `requires_action`; that card is not tried
    again until the payer has confirmed."""
    if invoice["amount_due"] == 0:
        return settle(world, invoice, None)
    payment, intent = intent_of(world, invoice) or _begin(world, invoice)
    method = method or method_for(world, subscription)
    if method is None:
        return failed(world, invoice)
    if intent["status"] == "processing":
        return invoice
    account = debits.of_payment_method(method)
    if account is not None:
        returned = debits.RETURNED if method.get(cards.EMPTY_UNTIL, 0) > world.now() else account.later
        debiting.start(world, intent, method, account, returned)
        return waiting_for_bank(world, invoice)
    if intent["status"] == "requires_action" and intent["payment_method"] == method["id"]:
        return failed(world, invoice)
    decline = cards.refusal(method, world.now())
    after = charging.take(world, intent, method, decline)
    if after["status"] == "succeeded":
        return settle(world, invoice, payment)
    if decline is cards.NEEDS_CONFIRMING:
        charging.ask(world, after, method)
        world.tell("invoice.payment_action_required", invoice)
    return failed(world, invoice)


def pay_in_person(
    world: World, invoice: dict[str, Any], method: dict[str, Any], decline: cards.Decline | None, *, confirmed: bool
) -> tuple[dict[str, Any], cards.Decline | None]:
    """The payer is there and pays an open invoice: the invoice afterwards, and why not if so."""
    payment, intent = intent_of(world, invoice) or _begin(world, invoice)
    if decline is cards.NOT_CONFIRMED:
        charging.not_confirmed(world, intent, method, decline)
        return invoice, decline
    after = charging.take(world, intent, method, decline, confirmed=confirmed)
    return (settle(world, invoice, payment), None) if after["status"] == "succeeded" else (invoice, decline)


def waiting_for_bank(world: World, invoice: dict[str, Any]) -> dict[str, Any]:
    """A debit for an open invoice is under way: nothing is tried meanwhile."""
    return world.save({**invoice, "attempted": True, "next_payment_attempt": None})


def is_waiting(world: World, invoice: dict[str, Any]) -> bool:
    """Whether a bank has yet to answer about this invoice."""
    found = intent_of(world, invoice) if invoice["status"] == "open" else None
    return found is not None and found[1]["status"] == "processing"


def _begin(world: World, invoice: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    created = invoice["billing_reason"] == "subscription_create"
    intent = charging.open_intent(
        world,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description="Subscription creation" if created else "Subscription update",
        setup_future_usage="off_session" if created else None,
    )
    return link(world, invoice, intent), intent


def failed(world: World, invoice: dict[str, Any]) -> dict[str, Any]:
    """A try at an open invoice failed: count it, and say when the next one is."""
    tries = invoice["attempt_count"] + 1
    days = world.settings.retry_days
    begun = invoice["status_transitions"]["finalized_at"] or invoice["created"]
    again = begun + days[tries - 1] * DAY if tries <= len(days) else None
    if again is not None and again <= world.now():
        again = next((begun + day * DAY for day in days[tries:] if begun + day * DAY > world.now()), None)
    after = {
        **invoice,
        "attempted": True,
        "attempt_count": tries,
        "next_payment_attempt": again,
        "auto_advance": again is not None,
    }
    world.save(after)
    world.tell("invoice.payment_failed", after, before=invoice)
    world.tell("invoice.updated", after, before=invoice)
    return after

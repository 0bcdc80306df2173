"""Invoices of subscriptions: written, made final, paid or not (https://docs.stripe.com/billing/invoices/subscription).

Stripe leaves a renewal's invoice as a draft for about an hour; here it is made final and tried at once.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox import cards, ids
from membership.sandbox.billing import charging
from membership.sandbox.shapes import invoices
from membership.sandbox.world import World

DAY = 86_400


def write(
    world: World, subscription: dict[str, Any], reason: str, start: int, end: int, *, id: str | None = None
) -> dict[str, Any]:
    """A draft for one period; told as `invoice.created`."""
    customer = world.get("customer", subscription["customer"])
    draft = invoices.invoice(
        id=id or ids.new("in_"),
        line_id=ids.new("il_"),
        number=None,
        created=world.now(),
        subscription=subscription,
        customer=customer,
        period_start=start,
        period_end=end,
        billing_reason=reason,
        status="draft",
        attempt_count=0,
    )
    world.save(draft)
    world.tell("invoice.created", draft)
    return draft


def finalize(world: World, draft: dict[str, Any]) -> dict[str, Any]:
    """Give the draft its number and open it; told as `invoice.finalized`."""
    customer = world.get("customer", draft["customer"])
    sequence = customer["next_invoice_sequence"]
    world.save({**customer, "next_invoice_sequence": sequence + 1, "currency": draft["currency"]})
    now = world.now()
    opened = {
        **draft,
        "status": "open",
        "number": f"{customer['invoice_prefix']}-{sequence:04d}",
        "effective_at": now,
        "ending_balance": 0,
        "webhooks_delivered_at": now,
        "status_transitions": {**draft["status_transitions"], "finalized_at": now},
    }
    world.save(opened)
    world.tell("invoice.finalized", opened)
    return opened


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


def intent_of(world: World, invoice: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The open invoice payment and its intent, once the invoice has them."""
    for payment in world.store.find("invoice_payment", owner=invoice["id"]):
        if payment["status"] == "open":
            return payment, world.get("payment_intent", payment["payment"]["payment_intent"])
    return None


def method_for(world: World, subscription: dict[str, Any]) -> dict[str, Any] | None:
    """The subscription's own card, else the customer's, if it is still there."""
    customer = world.store.get("customer", subscription["customer"]) or {}
    of_customer = (customer.get("invoice_settings") or {}).get("default_payment_method")
    chosen = subscription["default_payment_method"] or of_customer
    return world.store.get("payment_method", chosen) if chosen else None


def collect(world: World, invoice: dict[str, Any], subscription: dict[str, Any]) -> dict[str, Any]:
    """Try to take an open invoice's money with the stored card, the payer absent; returns the invoice afterwards."""
    if invoice["amount_due"] == 0:
        return settle(world, invoice, None)
    payment, intent = intent_of(world, invoice) or _begin(world, invoice)
    method = method_for(world, subscription)
    if method is None:
        return _failed(world, invoice)
    after = charging.take(world, intent, method, cards.of_payment_method(method).later)
    if after["status"] == "succeeded":
        return settle(world, invoice, payment)
    return _failed(world, invoice)


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


def _failed(world: World, invoice: dict[str, Any]) -> dict[str, Any]:
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

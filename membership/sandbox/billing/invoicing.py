"""Invoices of subscriptions: written, made final, paid or not (https://docs.stripe.com/billing/invoices/subscription).

Stripe leaves a renewal's invoice as a draft for about an hour; here it is made final and tried at once.
"""

from __future__ import annotations

from typing import Any

from membership.money import CURRENCIES
from membership.sandbox import cards, debits, ids
from membership.sandbox.billing import charging, debiting, discounts
from membership.sandbox.billing.periods import period_at
from membership.sandbox.shapes import invoices
from membership.sandbox.world import World

DAY = 86_400


def waiting(world: World, subscription: dict[str, Any]) -> list[dict[str, Any]]:
    """The prorations that wait for the subscription's next invoice."""
    return [item for item in world.store.find("invoiceitem", owner=subscription["id"]) if item["invoice"] is None]


def write(
    world: World,
    subscription: dict[str, Any],
    reason: str,
    start: int,
    end: int,
    *,
    id: str | None = None,
    full: bool = True,
) -> dict[str, Any]:
    """A draft for one period and what was waiting, or (`full=False`) the latter only; told as `invoice.created`."""
    customer = world.get("customer", subscription["customer"])
    items, id = waiting(world, subscription), id or ids.new("in_")
    taken = _discounts(world, subscription, world.now()) if full else []
    draft = invoices.invoice(
        id=id,
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
        items=items,
        full=full,
        product_name=_product_name(world, subscription),
        discounts=taken,
    )
    discounts.use_up(world, taken)
    for item in items:
        world.save({**item, "invoice": id})
    world.save(draft)
    world.tell("invoice.created", draft)
    return draft


def finalize(world: World, draft: dict[str, Any], *, use_balance: bool = True) -> dict[str, Any]:
    """Give the draft its number and open it; told as `invoice.finalized`. The customer's balance is used or filled."""
    customer = world.get("customer", draft["customer"])
    sequence = customer["next_invoice_sequence"]
    counted = world.save({**customer, "next_invoice_sequence": sequence + 1, "currency": draft["currency"]})
    now = world.now()
    opened = {
        **draft,
        **balanced(draft["total"], customer["balance"] if use_balance else 0, draft["currency"]),
        "status": "open",
        "number": f"{customer['invoice_prefix']}-{sequence:04d}",
        "effective_at": now,
        "hosted_invoice_url": f"{world.base_url}/invoice/{draft['id']}",
        "webhooks_delivered_at": now,
        "status_transitions": {**draft["status_transitions"], "finalized_at": now},
    }
    world.save(opened)
    if use_balance:
        world.change(counted, "customer.updated", balance=opened["ending_balance"])
    world.tell("invoice.finalized", opened)
    return opened


def balanced(total: int, balance: int, currency: str) -> dict[str, int]:
    """What is due of a total for a customer with this balance (negative: credit), and the balance afterwards.

    What is too small to be charged waits on the balance for the next invoice.
    """
    due = max(0, total + balance)
    if due < CURRENCIES[currency.upper()].minimum:
        due = 0
    return {
        "starting_balance": balance,
        "ending_balance": balance + total - due,
        "amount_due": due,
        "amount_remaining": due,
    }


def set_aside(world: World, draft: dict[str, Any], behavior: str) -> dict[str, Any]:
    """What becomes of a renewal's invoice while collection is paused: it stays a draft, or is voided or written off."""
    if behavior == "keep_as_draft":
        return world.save({**draft, "auto_advance": False})
    opened = finalize(world, draft, use_balance=False)
    if behavior == "void":
        return close(world, opened, "void")
    return close(world, opened, "uncollectible")


def close(world: World, invoice: dict[str, Any], status: str) -> dict[str, Any]:
    """An open invoice that will not be paid: `void` or `uncollectible`."""
    event, moment = {
        "void": ("invoice.voided", "voided_at"),
        "uncollectible": ("invoice.marked_uncollectible", "marked_uncollectible_at"),
    }[status]
    moved = {**invoice["status_transitions"], moment: world.now()}
    return world.change(
        invoice, event, status=status, auto_advance=False, next_payment_attempt=None, status_transitions=moved
    )


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
    """The subscription's own card, else the customer's, if it is still the customer's."""
    customer = world.store.get("customer", subscription["customer"]) or {}
    of_customer = (customer.get("invoice_settings") or {}).get("default_payment_method")
    chosen = subscription["default_payment_method"] or of_customer
    method = world.store.get("payment_method", chosen) if chosen else None
    return method if method and method["customer"] == subscription["customer"] else None


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
        debiting.start(world, intent, method, account, account.later)
        return waiting_for_bank(world, invoice)
    if intent["status"] == "requires_action" and intent["payment_method"] == method["id"]:
        return failed(world, invoice)
    decline = cards.of_payment_method(method).later
    after = charging.take(world, intent, method, decline)
    if after["status"] == "succeeded":
        return settle(world, invoice, payment)
    if decline is cards.NEEDS_CONFIRMING:
        charging.ask(world, after, method)
        world.tell("invoice.payment_action_required", invoice)
    return failed(world, invoice)


def waiting_for_bank(world: World, invoice: dict[str, Any]) -> dict[str, Any]:
    """A debit for an open invoice is under way: nothing is tried meanwhile."""
    return world.save({**invoice, "attempted": True, "next_payment_attempt": None})


def is_waiting(world: World, invoice: dict[str, Any]) -> bool:
    """Whether a bank has yet to answer about this invoice."""
    found = intent_of(world, invoice) if invoice["status"] == "open" else None
    return found is not None and found[1]["status"] == "processing"


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


def preview(
    world: World,
    subscription: dict[str, Any],
    span: tuple[int, int],
    *,
    at: int,
    reason: str = "upcoming",
    items: list[dict[str, Any]] | None = None,
    full: bool = True,
) -> dict[str, Any]:
    """An invoice as it would be written at a time, what waits included. Nothing is kept."""
    customer = world.get("customer", subscription["customer"])
    draft = invoices.invoice(
        id=f"upcoming_{ids.new('in_')}",
        line_id=ids.new("il_"),
        number=None,
        created=at,
        subscription=subscription,
        customer=customer,
        period_start=span[0],
        period_end=span[1],
        billing_reason=reason,
        status="draft",
        attempt_count=0,
        items=[*waiting(world, subscription), *(items or [])],
        full=full,
        product_name=_product_name(world, subscription),
        discounts=_discounts(world, subscription, at) if full else [],
    )
    return {**draft, **balanced(draft["total"], customer["balance"], draft["currency"])}


def _discounts(world: World, subscription: dict[str, Any], at: int) -> list[tuple[str, int]]:
    item = subscription["items"]["data"][0]
    return discounts.running(world, subscription, item["price"]["unit_amount"] * item["quantity"], at)


def _product_name(world: World, subscription: dict[str, Any]) -> str | None:
    product = world.store.get("product", subscription["items"]["data"][0]["price"]["product"]) or {}
    return product.get("name")


def next_period(subscription: dict[str, Any]) -> tuple[int, int]:
    """The period after the current one."""
    item = subscription["items"]["data"][0]
    rhythm = item["price"]["recurring"]
    anchor, end = subscription["billing_cycle_anchor"], item["current_period_end"]
    return period_at(anchor, end, rhythm["interval"], rhythm["interval_count"])


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

"""Invoices of subscriptions: written, made final, set aside (https://docs.stripe.com/billing/invoices/subscription).

Stripe leaves a renewal's invoice as a draft for about an hour; here it is made final and tried at once.
"""

from __future__ import annotations

from typing import Any

from membership.money import CURRENCIES
from membership.sandbox import ids
from membership.sandbox.billing import discounts
from membership.sandbox.billing.periods import period_at
from membership.sandbox.shapes import invoices
from membership.sandbox.world import World


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

"""Another price for a running subscription: prorations, at once or with the next invoice.

https://docs.stripe.com/billing/subscriptions/prorations. The unused part of the old price is credited and the rest of
the period at the new one is charged, by the second, each rounded half up. A new interval, or `billing_cycle_anchor`
now, credits the rest of the old period and begins a new one at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from membership.sandbox import ids
from membership.sandbox.billing import collecting, invoicing, renewing
from membership.sandbox.billing.periods import period_at
from membership.sandbox.shapes import prorations
from membership.sandbox.shapes.catalogue import plan as plan_of
from membership.sandbox.world import World


@dataclass(frozen=True)
class Plan:
    """What a change will do: the subscription `after` it, the prorations, and whether an invoice is written at once
    (`invoiced`), which holds a whole new period (`anew`)."""

    after: dict[str, Any]
    prorations: list[dict[str, Any]]
    invoiced: bool
    anew: bool


def planned(
    world: World,
    subscription: dict[str, Any],
    price: dict[str, Any],
    quantity: int,
    *,
    prorate: str,
    anchor_now: bool = False,
    at: int | None = None,
) -> Plan:
    """`prorate`: always_invoice, create_prorations or none; `at`: the moment to prorate from. Nothing is written."""
    now = world.now()
    moment = now if at is None else at
    item = subscription["items"]["data"][0]
    anew = anchor_now or not same_rhythm(price, item["price"])
    fresh = {**item, "price": price, "plan": plan_of(price), "quantity": quantity}
    after = {**subscription, "items": {**subscription["items"], "data": [fresh]}}
    if anew:
        recurring = price["recurring"]
        start, finish = period_at(now, now, recurring["interval"], recurring["interval_count"])
        after = {**renewing.roll(after, start, finish, subscription["latest_invoice"]), "billing_cycle_anchor": now}
    found = []
    if prorate != "none":
        found.append(credit(world, subscription, moment))
        if not anew:
            found.append(debit(world, after, moment))
    found = [one for one in found if one["amount"]]
    return Plan(after, found, anew or (prorate == "always_invoice" and bool(found)), anew)


def same_rhythm(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two prices are due equally often."""
    return all(one["recurring"][key] == other["recurring"][key] for key in ("interval", "interval_count"))


def credit(world: World, subscription: dict[str, Any], at: int) -> dict[str, Any]:
    """The unused part of what was paid for the current period, as a negative invoice item."""
    paid_by = world.store.get("invoice", subscription["latest_invoice"] or "")
    lines = [line["id"] for line in paid_by["lines"]["data"]] if paid_by else []
    credited = {"invoice": paid_by["id"], "invoice_line_items": lines} if paid_by else None
    return _part(world, subscription, at, -1, "Unused time on", credited)


def debit(world: World, subscription: dict[str, Any], at: int) -> dict[str, Any]:
    """The rest of the current period at the subscription's price."""
    return _part(world, subscription, at, 1, "Remaining time on", None)


def _part(
    world: World, subscription: dict[str, Any], at: int, sign: int, words: str, credited: dict[str, Any] | None
) -> dict[str, Any]:
    item = subscription["items"]["data"][0]
    start, end = item["current_period_start"], item["current_period_end"]
    left, whole = min(max(0, end - at), end - start), end - start
    total = item["price"]["unit_amount"] * item["quantity"]
    product = world.store.get("product", item["price"]["product"]) or {}
    return prorations.proration(
        id=ids.new("ii_"),
        created=at,
        subscription=subscription,
        price=item["price"],
        quantity=item["quantity"],
        amount=sign * ((2 * total * left + whole) // (2 * whole)),
        start=max(at, start),
        end=end,
        description=f"{words} {product.get('name', item['price']['product'])}",
        credited=credited,
    )


def carry_out(world: World, old: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Do what was planned; returns the subscription. An invoice of the change is tried with the stored card at once."""
    keep(world, plan.prorations)
    after = plan.after
    world.save(after)
    world.tell("customer.subscription.updated", after, before=old)
    return invoice_now(world, after, full=plan.anew) if plan.invoiced else after


def keep(world: World, prorations: list[dict[str, Any]]) -> None:
    """Let them wait for the next invoice."""
    for one in prorations:
        world.save(one)
        world.tell("invoiceitem.created", one)


def invoice_now(world: World, subscription: dict[str, Any], *, full: bool) -> dict[str, Any]:
    """Write and collect an invoice for a change: what waits, and (`full`) the current period."""
    item = subscription["items"]["data"][0]
    span = (item["current_period_start"], item["current_period_end"])
    draft = invoicing.write(world, subscription, "subscription_update", *span, full=full)
    linked = world.change(subscription, "customer.subscription.updated", latest_invoice=draft["id"])
    renewing.follow(world, collecting.collect(world, invoicing.finalize(world, draft), linked))
    return world.get("subscription", subscription["id"])


def preview(world: World, subscription: dict[str, Any], plan: Plan | None) -> dict[str, Any]:
    """The invoice that a change would bring at once, or else the next renewal's (https://docs.stripe.com/api/invoices/
    create_preview); nothing is written."""
    after = plan.after if plan else subscription
    fresh = plan.prorations if plan else []
    if plan is not None and plan.invoiced:
        item = after["items"]["data"][0]
        span = (item["current_period_start"], item["current_period_end"])
        return invoicing.preview(
            world, after, span, at=world.now(), reason="subscription_update", items=fresh, full=plan.anew
        )
    span = invoicing.next_period(after)
    return invoicing.preview(world, after, span, at=span[0], items=fresh)

"""Pasts made up whole: a subscription with a payment for every period gone by, a single donation.

For seeds: pure functions that return objects for `Store.load`. Ids are derived from `prefix`, so that the same call
gives the same objects every time. Afterwards the clock treats them like everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from membership.sandbox.aftermath import paid_out as paid_out
from membership.sandbox.billing.periods import period_at, periods
from membership.sandbox.ids import derived, invoice_prefix
from membership.sandbox.shapes import catalogue, customers, invoices, payments, sessions
from membership.sandbox.shapes.cards import payment_method_card
from membership.sandbox.shapes.subscriptions import subscription
from membership.sandbox.store import announced_at

NOWHERE = "http://127.0.0.1/"


@dataclass(frozen=True)
class _Paid:
    """One payment's objects, ready to load, and the intent's id."""

    intent: str
    objects: list[dict[str, Any]]


def subscription_with_history(
    *,
    prefix: str,
    email: str,
    start: int,
    until: int,
    price: dict[str, Any] | None = None,
    amount: int | None = None,
    currency: str = "eur",
    interval: str = "month",
    interval_count: int = 1,
    product_id: str | None = None,
    price_id: str | None = None,
    quantity: int = 1,
    name: str | None = None,
    card: str = "4242424242424242",
    cancelled_at: int | None = None,
    cancel_at_period_end: bool = False,
    metadata: dict[str, str] | None = None,
    client_reference_id: str | None = None,
    session_metadata: dict[str, str] | None = None,
    success_url: str = NOWHERE,
) -> list[dict[str, Any]]:
    """A patron's past: customer, card, completed checkout session, subscription, and one paid invoice with its
    payment intent, charge, balance transaction and invoice payment for each period that began before `until`.

    Give `price` (a whole price object, which is not returned again) or `amount`, `currency`, `interval`,
    `product_id` and perhaps `price_id`: then an inline price is made and returned too. `cancelled_at`: it ended then
    (no period begins afterwards); `cancel_at_period_end`: it is to end with the period that holds `until`.
    Raises `ValueError` when neither price nor amount is given.
    """
    priced = price or _inline_price(prefix, start, amount, currency, interval, interval_count, product_id, price_id)
    recurring = priced["recurring"]
    last = min(until, cancelled_at) if cancelled_at else until
    rhythm = (recurring["interval"], recurring["interval_count"])
    elapsed = periods(start, max(last, start + 1), *rhythm)
    current = period_at(start, max(start, last - 1), *rhythm)
    who = derived("cus_", prefix)
    method = payment_method_card(
        id=derived("pm_", prefix), created=start, card=card, customer=who, email=email, name=name
    )
    scheduled = current[1] if cancel_at_period_end and not cancelled_at else None
    patron = customers.customer(
        id=who,
        created=start,
        email=email,
        name=name,
        currency=priced["currency"],
        next_invoice_sequence=len(elapsed) + 1,
    )
    promise = subscription(
        id=derived("sub_", prefix),
        item_id=derived("si_", prefix),
        created=start,
        customer=who,
        price=priced,
        quantity=quantity,
        period_start=current[0],
        period_end=current[1],
        status="canceled" if cancelled_at else "active",
        default_payment_method=method["id"],
        latest_invoice=derived("in_", prefix, elapsed[-1][0]),
        metadata=metadata,
        cancel_at=scheduled,
        cancel_at_period_end=scheduled is not None,
        canceled_at=cancelled_at or (last if scheduled else None),
        ended_at=cancelled_at,
        reason="cancellation_requested" if cancelled_at or scheduled else None,
    )
    if announced_at(promise) and until >= (announced_at(promise) or 0):
        promise["_announced"] = current[1]
    found = [] if price else [priced]
    found += [patron, method, promise]
    for n, (begin, end) in enumerate(elapsed):
        found += _period(prefix, n, begin, end, promise, patron, method)
    found.append(
        _session(
            prefix,
            start,
            priced,
            quantity,
            "subscription",
            email=email,
            name=name,
            customer=who,
            subscription=promise["id"],
            invoice=derived("in_", prefix, start),
            client_reference_id=client_reference_id,
            metadata=session_metadata,
            success_url=success_url,
            customer_creation="always",
        )
    )
    return found


def donation(
    *,
    prefix: str,
    email: str,
    at: int,
    amount: int,
    product_id: str,
    currency: str = "eur",
    name: str | None = None,
    card: str = "4242424242424242",
    customer: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    client_reference_id: str | None = None,
    session_metadata: dict[str, str] | None = None,
    success_url: str = NOWHERE,
) -> list[dict[str, Any]]:
    """One payment without a promise: inline price, card, intent, charge, balance transaction, completed session.

    `metadata` stands on the payment intent and its charge, `session_metadata` on the session. A guest's payment has
    no customer unless one is named.
    """
    price = _inline_price(prefix, at, amount, currency, None, 1, product_id, None)
    method = payment_method_card(
        id=derived("pm_", prefix), created=at, card=card, customer=customer, email=email, name=name
    )
    paid = _payment(prefix, at, price, amount, method, customer, description, metadata)
    session = _session(
        prefix,
        at,
        price,
        1,
        "payment",
        email=email,
        name=name,
        customer=customer,
        payment_intent=paid.intent,
        client_reference_id=client_reference_id,
        metadata=session_metadata,
        success_url=success_url,
        customer_creation=None if customer else "if_required",
    )
    return [price, method, *paid.objects, session]


def _inline_price(
    prefix: str,
    created: int,
    amount: int | None,
    currency: str,
    interval: str | None,
    count: int,
    product: str | None,
    id: str | None,
) -> dict[str, Any]:
    if amount is None or product is None:
        raise ValueError("give a price, or an amount and a product_id")
    return catalogue.price(
        id=id or derived("price_", prefix),
        created=created,
        product=product,
        currency=currency,
        unit_amount=amount,
        interval=interval,
        interval_count=count,
        active=False,
    )


def _period(
    prefix: str, n: int, begin: int, end: int, promise: dict[str, Any], patron: dict[str, Any], method: dict[str, Any]
) -> list[dict[str, Any]]:
    """A period's paid invoice and everything under it."""
    first = n == 0
    item = promise["items"]["data"][0]
    total = item["price"]["unit_amount"] * item["quantity"]
    invoice = invoices.invoice(
        id=derived("in_", prefix, begin),
        line_id=derived("il_", prefix, begin),
        number=f"{invoice_prefix(patron['id'])}-{n + 1:04d}",
        created=begin,
        subscription=promise,
        customer=patron,
        period_start=begin,
        period_end=end,
        billing_reason="subscription_create" if first else "subscription_cycle",
    )
    if not total:
        return [invoice]
    words = "Subscription creation" if first else "Subscription update"
    paid = _payment(f"{prefix}/{begin}", begin, item["price"], total, method, patron["id"], words, None)
    link = invoices.invoice_payment(
        id=derived("inpay_", prefix, begin),
        created=begin,
        invoice=invoice["id"],
        payment_intent=paid.intent,
        amount=total,
        currency=invoice["currency"],
    )
    return [invoice, *paid.objects, link]


def _payment(
    prefix: str,
    at: int,
    price: dict[str, Any],
    amount: int,
    method: dict[str, Any],
    customer: str | None,
    description: str | None,
    metadata: dict[str, str] | None,
) -> _Paid:
    ids = {kind: derived(kind, prefix) for kind in ("pi_", "ch_", "txn_")}
    intent = payments.payment_intent(
        id=ids["pi_"],
        created=at,
        amount=amount,
        currency=price["currency"],
        customer=customer,
        payment_method=method["id"],
        latest_charge=ids["ch_"],
        description=description,
        metadata=metadata,
    )
    charge = payments.charge(
        id=ids["ch_"],
        created=at,
        amount=amount,
        currency=price["currency"],
        payment_intent=ids["pi_"],
        payment_method=method,
        customer=customer,
        balance_transaction=ids["txn_"],
        description=description,
        metadata=dict(metadata or {}),
    )
    arrived = payments.balance_transaction(
        id=ids["txn_"],
        created=at,
        amount=amount,
        currency=price["currency"],
        source=ids["ch_"],
        description=description,
    )
    return _Paid(ids["pi_"], [intent, charge, arrived])


def _session(
    prefix: str,
    at: int,
    price: dict[str, Any],
    quantity: int,
    mode: str,
    *,
    email: str,
    name: str | None,
    **more: object,
) -> dict[str, Any]:
    line = sessions.line_item(
        id=derived("li_", prefix), price=price, quantity=quantity, description=price["nickname"] or price["product"]
    )
    session = sessions.checkout_session(
        id=derived("cs_test_", prefix),
        created=at,
        mode=mode,
        currency=price["currency"],
        amount=line["amount_total"],
        url=None,
        status="complete",
        payment_status="paid",
        customer_email=None,
        customer_details=sessions.customer_details(email, name),
        **more,  # type: ignore[arg-type]
    )
    return {**session, "_lines": [line]}

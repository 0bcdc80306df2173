"""Invoices of subscriptions, and the payments on them (https://docs.stripe.com/api/invoices/object)."""

from __future__ import annotations

from typing import Any

from membership.sandbox.shapes import prorations
from membership.sandbox.shapes.common import ACCOUNT_COUNTRY, ACCOUNT_NAME, page


def invoice(
    *,
    id: str,
    line_id: str,
    number: str | None,
    created: int,
    subscription: dict[str, Any],
    customer: dict[str, Any],
    period_start: int,
    period_end: int,
    billing_reason: str = "subscription_cycle",
    status: str = "paid",
    attempt_count: int = 1,
    next_payment_attempt: int | None = None,
    paid_at: int | None = None,
    description: str | None = None,
    items: list[dict[str, Any]] | None = None,
    full: bool = True,
    url: str | None = None,
    product_name: str | None = None,
    discounts: list[tuple[str, int]] | None = None,
) -> dict[str, Any]:
    """An invoice for one period of a subscription (`subscription`, `customer`: the whole objects).

    `status`: draft, open or paid. `period_start`/`period_end` are what the line pays for; the invoice's own period
    is, as Stripe has it, the one before a renewal and a single moment for the first invoice. `items`: invoice items
    (prorations) that come before that line; `full=False`: nothing but those. A negative total is not due but goes to
    the customer's balance. `url`: where it can be paid. `discounts`: ids, and what each takes off the period's line.
    """
    item = subscription["items"]["data"][0]
    price = item["price"]
    own = price["unit_amount"] * item["quantity"]
    lines = [prorations.line(f"il_{one['id'][3:]}", id, one) for one in items or []]
    if full:
        lines.append(_line(line_id, id, subscription, item, own, period_start, period_end, product_name))
    taken: list[dict[str, Any]] = [{"amount": amount, "discount": di} for di, amount in discounts or []]
    if full and taken:
        lines[-1] = {**lines[-1], "discount_amounts": taken, "discounts": [one["discount"] for one in taken]}
    subtotal = sum(line["amount"] for line in lines)
    total = subtotal - sum(one["amount"] for one in taken)
    due = max(0, total)
    paid = status == "paid"
    before = period_start if billing_reason == "subscription_create" else _before(subscription, period_start)
    finalized = None if status == "draft" else created
    return {
        "id": id,
        "object": "invoice",
        "account_country": ACCOUNT_COUNTRY,
        "account_name": ACCOUNT_NAME,
        "account_tax_ids": None,
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": due if paid else 0,
        "amount_remaining": 0 if paid else due,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": attempt_count,
        "attempted": attempt_count > 0,
        "auto_advance": status == "draft" or (status == "open" and next_payment_attempt is not None),
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": billing_reason,
        "collection_method": "charge_automatically",
        "created": created,
        "currency": price["currency"],
        "custom_fields": None,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": description,
        "discounts": [one["discount"] for one in taken],
        "due_date": None,
        "effective_at": finalized,
        "ending_balance": None if status == "draft" else 0,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": url,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": page(f"/v1/invoices/{id}/lines", lines),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": next_payment_attempt,
        "number": number,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": period_start,
        "period_start": before,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": status,
        "status_transitions": {
            "finalized_at": finalized,
            "marked_uncollectible_at": None,
            "paid_at": (created if paid_at is None else paid_at) if paid else None,
            "voided_at": None,
        },
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "test_clock": None,
        "total": total,
        "total_discount_amounts": taken,
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": finalized,
    }


def _before(subscription: dict[str, Any], period_start: int) -> int:
    item = subscription["items"]["data"][0]
    return item["current_period_start"] if item["current_period_start"] < period_start else period_start


def _line(
    id: str,
    invoice_id: str,
    subscription: dict[str, Any],
    item: dict[str, Any],
    total: int,
    start: int,
    end: int,
    name: str | None,
) -> dict[str, Any]:
    price = item["price"]
    each = price["recurring"]["interval"]
    return {
        "id": id,
        "object": "line_item",
        "amount": total,
        "currency": price["currency"],
        "description": f"{item['quantity']} × {name or price['nickname'] or price['product']} (per {each})",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"end": end, "start": start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "subscription": subscription["id"],
        "subtotal": total,
        "taxes": [],
    }


def invoice_payment(
    *,
    id: str,
    created: int,
    invoice: str,
    payment_intent: str,
    amount: int,
    currency: str,
    status: str = "paid",
    paid_at: int | None = None,
) -> dict[str, Any]:
    """How an invoice is, or is to be, paid (https://docs.stripe.com/api/invoice-payment/object)."""
    paid = status == "paid"
    return {
        "id": id,
        "object": "invoice_payment",
        "amount_paid": amount if paid else None,
        "amount_requested": amount,
        "created": created,
        "currency": currency.lower(),
        "invoice": invoice,
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": payment_intent, "type": "payment_intent"},
        "status": status,
        "status_transitions": {
            "canceled_at": created if status == "canceled" else None,
            "paid_at": (created if paid_at is None else paid_at) if paid else None,
        },
    }

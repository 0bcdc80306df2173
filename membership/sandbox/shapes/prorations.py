"""Credits and debits for part of a period: invoice items, and their lines (https://docs.stripe.com/api/invoiceitems)."""

from __future__ import annotations

from typing import Any


def proration(
    *,
    id: str,
    created: int,
    subscription: dict[str, Any],
    price: dict[str, Any],
    quantity: int,
    amount: int,
    start: int,
    end: int,
    description: str,
    credited: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A credit (negative) or debit for part of a period, waiting for an invoice
    (https://docs.stripe.com/api/invoiceitems/object). `credited`: the invoice and lines that a credit refers to."""
    return {
        "id": id,
        "object": "invoiceitem",
        "amount": amount,
        "currency": price["currency"],
        "customer": subscription["customer"],
        "date": created,
        "description": description,
        "discountable": False,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "net_amount": amount,
        "parent": {
            "subscription_details": {
                "subscription": subscription["id"],
                "subscription_item": subscription["items"]["data"][0]["id"],
            },
            "type": "subscription_details",
        },
        "period": {"end": end, "start": start},
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(amount),
        },
        "proration": True,
        "proration_details": {"discount_amounts": []},
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "tax_rates": [],
        "test_clock": None,
        "_credited": credited,
    }


def line(id: str, invoice_id: str, item: dict[str, Any]) -> dict[str, Any]:
    """The line of an invoice item."""
    about = item["parent"]["subscription_details"]
    return {
        "id": id,
        "object": "line_item",
        "amount": item["amount"],
        "currency": item["currency"],
        "description": item["description"],
        "discount_amounts": [],
        "discountable": False,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": item["id"],
                "proration": True,
                "proration_details": {"credited_items": item.get("_credited")},
                "subscription": about["subscription"],
                "subscription_item": about["subscription_item"],
            },
            "type": "subscription_item_details",
        },
        "period": item["period"],
        "pretax_credit_amounts": [],
        "pricing": item["pricing"],
        "quantity": item["quantity"],
        "quantity_decimal": item["quantity_decimal"],
        "subscription": about["subscription"],
        "subtotal": item["amount"],
        "taxes": [],
    }

"""Customers (https://docs.stripe.com/api/customers/object)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import ids


def customer(
    *,
    id: str,
    created: int,
    email: str | None = None,
    name: str | None = None,
    metadata: dict[str, str] | None = None,
    description: str | None = None,
    phone: str | None = None,
    address: dict[str, Any] | None = None,
    currency: str | None = None,
    default_payment_method: str | None = None,
    preferred_locales: list[str] | None = None,
    next_invoice_sequence: int = 1,
) -> dict[str, Any]:
    """A customer. `default_payment_method` is the one for invoices; `currency` is set by the first invoice."""
    return {
        "id": id,
        "object": "customer",
        "address": address,
        "balance": 0,
        "created": created,
        "currency": currency,
        "default_source": None,
        "delinquent": False,
        "description": description,
        "discount": None,
        "email": email,
        "invoice_prefix": ids.invoice_prefix(id),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": default_payment_method,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata or {},
        "name": name,
        "next_invoice_sequence": next_invoice_sequence,
        "phone": phone,
        "preferred_locales": preferred_locales or [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def deleted(id: str, kind: str = "customer") -> dict[str, Any]:
    """What is left of a deleted object."""
    return {"id": id, "object": kind, "deleted": True}

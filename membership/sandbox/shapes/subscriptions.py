"""Subscriptions in flexible billing mode (https://docs.stripe.com/api/subscriptions/object).

The period stands on the items, not on the subscription.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox.shapes.catalogue import plan
from membership.sandbox.shapes.common import page


def subscription(
    *,
    id: str,
    item_id: str,
    created: int,
    customer: str,
    price: dict[str, Any],
    period_start: int,
    period_end: int,
    quantity: int = 1,
    status: str = "active",
    default_payment_method: str | None = None,
    latest_invoice: str | None = None,
    metadata: dict[str, str] | None = None,
    description: str | None = None,
    billing_cycle_anchor: int | None = None,
    cancel_at: int | None = None,
    cancel_at_period_end: bool = False,
    canceled_at: int | None = None,
    ended_at: int | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """A subscription with one item. `reason`: why it was cancelled, in Stripe's words; `price`: the whole object."""
    item = subscription_item(
        id=item_id,
        created=created,
        subscription=id,
        price=price,
        quantity=quantity,
        period_start=period_start,
        period_end=period_end,
    )
    return {
        "id": id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": created if billing_cycle_anchor is None else billing_cycle_anchor,
        "billing_cycle_anchor_config": None,
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": created,
        },
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": cancel_at,
        "cancel_at_period_end": cancel_at_period_end,
        "canceled_at": canceled_at,
        "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": reason},
        "collection_method": "charge_automatically",
        "created": created,
        "currency": price["currency"],
        "customer": customer,
        "days_until_due": None,
        "default_payment_method": default_payment_method,
        "default_source": None,
        "default_tax_rates": [],
        "description": description,
        "discounts": [],
        "ended_at": ended_at,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": page(f"/v1/subscription_items?subscription={id}", [item]),
        "latest_invoice": latest_invoice,
        "livemode": False,
        "metadata": metadata or {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": created,
        "status": status,
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
    }


def subscription_item(
    *,
    id: str,
    created: int,
    subscription: str,
    price: dict[str, Any],
    period_start: int,
    period_end: int,
    quantity: int = 1,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What a subscription is for, and the period that is paid, or being paid, now."""
    return {
        "id": id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": created,
        "current_period_end": period_end,
        "current_period_start": period_start,
        "discounts": [],
        "metadata": metadata or {},
        "plan": plan(price),
        "price": price,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": [],
    }

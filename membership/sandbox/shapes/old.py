"""Payloads as an endpoint pinned to 2024-06-20 still gets them: fields where they stood before they moved.

https://docs.stripe.com/changelog: the period stood on the subscription, an invoice named its subscription, charge and
payment intent, a charge and an intent their invoice.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox.store import Store

OLD_VERSION = "2024-06-20"


def aged(store: Store, event: dict[str, Any]) -> dict[str, Any]:
    """The event in the old version's shape."""
    obj = event["data"]["object"]
    make = {
        "subscription": _subscription,
        "invoice": _invoice,
        "charge": _payment,
        "payment_intent": _payment,
        "checkout.session": _session,
    }.get(obj["object"], lambda _store, same: same)
    data = {**event["data"], "object": make(store, dict(obj))}
    return {**event, "api_version": OLD_VERSION, "data": data}


def _subscription(_store: Store, obj: dict[str, Any]) -> dict[str, Any]:
    items = [dict(item) for item in obj["items"]["data"]]
    periods = [(item.pop("current_period_start"), item.pop("current_period_end")) for item in items]
    for gone in ("billing_mode", "status_details", "billing_schedules", "billing_cycle_anchor_config"):
        obj.pop(gone, None)
    return {
        **obj,
        "current_period_start": periods[0][0],
        "current_period_end": periods[0][1],
        "discount": None,
        "items": {**obj["items"], "data": items, "total_count": len(items)},
        "plan": items[0]["plan"],
        "quantity": items[0]["quantity"],
    }


def _invoice(store: Store, obj: dict[str, Any]) -> dict[str, Any]:
    parent = obj.pop("parent")["subscription_details"]
    for gone in ("amount_overpaid", "status_details", "total_taxes", "total_pretax_credit_amounts", "payments"):
        obj.pop(gone, None)
    intent = next((one["payment"]["payment_intent"] for one in store.find("invoice_payment", owner=obj["id"])), None)
    paid_by = store.get("payment_intent", intent) if intent else None
    lines = [_line(store, dict(line)) for line in obj["lines"]["data"]]
    return {
        **obj,
        "charge": paid_by["latest_charge"] if paid_by else None,
        "discount": None,
        "lines": {**obj["lines"], "data": lines, "total_count": len(lines)},
        "paid": obj["status"] == "paid",
        "paid_out_of_band": False,
        "payment_intent": intent,
        "quote": None,
        "subscription": parent["subscription"],
        "subscription_details": {"metadata": parent["metadata"]},
        "tax": None,
        "total_tax_amounts": [],
    }


def _line(store: Store, line: dict[str, Any]) -> dict[str, Any]:
    about = line.pop("parent")["subscription_item_details"]
    price = line.pop("pricing")["price_details"]["price"]
    for gone in ("taxes", "quantity_decimal", "subtotal", "pretax_credit_amounts"):
        line.pop(gone, None)
    return {
        **line,
        "price": store.get("price", price),
        "proration": about["proration"],
        "subscription": about["subscription"],
        "subscription_item": about["subscription_item"],
        "type": "subscription",
    }


def _payment(store: Store, obj: dict[str, Any]) -> dict[str, Any]:
    intent = obj["id"] if obj["object"] == "payment_intent" else obj["payment_intent"]
    found = store.find("invoice_payment", payment_intent=intent)
    return {**obj, "invoice": found[0]["invoice"] if found else None}


def _session(_store: Store, obj: dict[str, Any]) -> dict[str, Any]:
    return {**obj, "ui_mode": "hosted"}

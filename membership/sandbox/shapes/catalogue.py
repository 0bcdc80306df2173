"""Products and prices (https://docs.stripe.com/api/products/object, https://docs.stripe.com/api/prices/object)."""

from __future__ import annotations

from typing import Any


def product(
    *,
    id: str,
    created: int,
    name: str,
    description: str | None = None,
    active: bool = True,
    metadata: dict[str, str] | None = None,
    default_price: str | None = None,
    images: list[str] | None = None,
    statement_descriptor: str | None = None,
    unit_label: str | None = None,
    url: str | None = None,
) -> dict[str, Any]:
    """Something that can be paid for: a tier, a donation."""
    return {
        "id": id,
        "object": "product",
        "active": active,
        "created": created,
        "default_price": default_price,
        "description": description,
        "images": images or [],
        "livemode": False,
        "marketing_features": [],
        "metadata": metadata or {},
        "name": name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": statement_descriptor,
        "tax_code": None,
        "type": "service",
        "unit_label": unit_label,
        "updated": created,
        "url": url,
    }


def price(
    *,
    id: str,
    created: int,
    product: str,
    currency: str,
    unit_amount: int,
    interval: str | None = None,
    interval_count: int = 1,
    lookup_key: str | None = None,
    nickname: str | None = None,
    active: bool = True,
    metadata: dict[str, str] | None = None,
    tax_behavior: str = "unspecified",
) -> dict[str, Any]:
    """An amount (minor units) of a currency for a product: once, or every `interval_count` intervals."""
    recurring = {
        "interval": interval,
        "interval_count": interval_count,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
    return {
        "id": id,
        "object": "price",
        "active": active,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": currency.lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": lookup_key,
        "metadata": metadata or {},
        "nickname": nickname,
        "product": product,
        "recurring": recurring if interval else None,
        "tax_behavior": tax_behavior,
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if interval else "one_time",
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(unit_amount),
    }


def plan(price: dict[str, Any]) -> dict[str, Any]:
    """The older face of a recurring price, which subscription items still carry."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }

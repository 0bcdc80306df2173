"""Coupons, promotion codes and discounts (https://docs.stripe.com/api/coupons/object)."""

from __future__ import annotations

from typing import Any


def coupon(
    *,
    id: str,
    created: int,
    duration: str = "once",
    hundredths: int | None = None,
    amount_off: int | None = None,
    currency: str | None = None,
    duration_in_months: int | None = None,
    max_redemptions: int | None = None,
    redeem_by: int | None = None,
    name: str | None = None,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Less to pay: `hundredths` of a percent, or an amount of a currency."""
    whole = hundredths is None or hundredths % 100 == 0
    percent = None if hundredths is None else hundredths // 100 if whole else hundredths / 100
    return {
        "id": id,
        "object": "coupon",
        "amount_off": amount_off,
        "created": created,
        "currency": currency,
        "duration": duration,
        "duration_in_months": duration_in_months,
        "livemode": False,
        "max_redemptions": max_redemptions,
        "metadata": metadata or {},
        "name": name,
        "percent_off": percent,
        "redeem_by": redeem_by,
        "times_redeemed": 0,
        "valid": True,
        "_hundredths": hundredths,
    }


def promotion_code(
    *,
    id: str,
    created: int,
    coupon: str,
    code: str,
    active: bool = True,
    customer: str | None = None,
    expires_at: int | None = None,
    max_redemptions: int | None = None,
    minimum_amount: int | None = None,
    minimum_amount_currency: str | None = None,
    first_time_transaction: bool = False,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A word that a payer types for a coupon (its id)."""
    return {
        "id": id,
        "object": "promotion_code",
        "active": active,
        "code": code,
        "created": created,
        "customer": customer,
        "expires_at": expires_at,
        "livemode": False,
        "max_redemptions": max_redemptions,
        "metadata": metadata or {},
        "promotion": {"coupon": coupon, "type": "coupon"},
        "restrictions": {
            "first_time_transaction": first_time_transaction,
            "minimum_amount": minimum_amount,
            "minimum_amount_currency": minimum_amount_currency,
        },
        "times_redeemed": 0,
    }


def discount(
    *,
    id: str,
    start: int,
    end: int | None,
    coupon: str,
    promotion_code: str | None,
    customer: str | None,
    subscription: str | None = None,
    checkout_session: str | None = None,
) -> dict[str, Any]:
    """A coupon at work."""
    return {
        "id": id,
        "object": "discount",
        "checkout_session": checkout_session,
        "customer": customer,
        "end": end,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": promotion_code,
        "source": {"coupon": coupon, "type": "coupon"},
        "start": start,
        "subscription": subscription,
        "subscription_item": None,
    }

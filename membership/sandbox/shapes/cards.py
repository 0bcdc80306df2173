"""Cards as payment methods, and as part of a charge (https://docs.stripe.com/api/payment_methods/object)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import cards, ids
from membership.sandbox.shapes.common import billing_details

EXPIRES = (12, 2034)


def payment_method_card(
    *,
    id: str,
    created: int,
    card: str = "4242424242424242",
    customer: str | None = None,
    email: str | None = None,
    name: str | None = None,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A stored card; `card` is one of the test numbers in `membership.sandbox.cards` (KeyError otherwise)."""
    of = cards.CARDS[card]
    return {
        "id": id,
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(email, name, of.country),
        "card": {
            "brand": of.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": of.country,
            "display_brand": "american_express" if of.brand == "amex" else of.brand,
            "exp_month": EXPIRES[0],
            "exp_year": EXPIRES[1],
            "fingerprint": ids.derived("", card)[:16],
            "funding": of.funding,
            "generated_from": None,
            "last4": of.last4,
            "networks": {"available": [of.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": created,
        "customer": customer,
        "livemode": False,
        "metadata": metadata or {},
        "type": "card",
    }


def card_of_charge(method: dict[str, Any], amount: int, *, confirmed: bool = False) -> dict[str, Any]:
    """`payment_method_details` of a charge made with this payment method."""
    card = method["card"]
    return {
        "card": {
            "amount_authorized": amount,
            "authorization_code": None,
            "brand": card["brand"],
            "checks": card["checks"],
            "country": card["country"],
            "exp_month": card["exp_month"],
            "exp_year": card["exp_year"],
            "extended_authorization": {"status": "disabled"},
            "fingerprint": card["fingerprint"],
            "funding": card["funding"],
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "last4": card["last4"],
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": card["brand"],
            "network_token": {"used": False},
            "network_transaction_id": ids.derived("", method["id"], amount)[:15],
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "regulated_status": card["regulated_status"],
            "three_d_secure": _three_d_secure(method["id"]) if confirmed else None,
            "wallet": None,
        },
        "type": "card",
    }


def _three_d_secure(method_id: str) -> dict[str, Any]:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "exemption_indicator_applied": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": ids.derived("", method_id, "3ds"),
        "version": "2.2.0",
    }

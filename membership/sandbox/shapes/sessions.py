"""Checkout sessions and their line items (https://docs.stripe.com/api/checkout/sessions/object)."""

from __future__ import annotations

from typing import Any


def checkout_session(
    *,
    id: str,
    created: int,
    mode: str,
    currency: str | None,
    amount: int | None,
    success_url: str,
    url: str | None,
    cancel_url: str | None = None,
    status: str = "open",
    payment_status: str = "unpaid",
    expires_at: int | None = None,
    customer: str | None = None,
    customer_email: str | None = None,
    customer_creation: str | None = None,
    customer_details: dict[str, Any] | None = None,
    client_reference_id: str | None = None,
    metadata: dict[str, str] | None = None,
    submit_type: str | None = None,
    locale: str | None = None,
    payment_intent: str | None = None,
    subscription: str | None = None,
    setup_intent: str | None = None,
    invoice: str | None = None,
    allow_promotion_codes: bool | None = None,
    billing_address_collection: str | None = None,
    custom_text: dict[str, Any] | None = None,
    payment_method_collection: str | None = None,
    phone_number_collection: bool = False,
) -> dict[str, Any]:
    """A payment to be made on the hosted page. `amount`: the total in minor units; `url` is null once it is closed."""
    texts = dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"))
    session = {
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": allow_promotion_codes,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": billing_address_collection,
        "cancel_url": cancel_url,
        "client_reference_id": client_reference_id,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": created,
        "currency": currency.lower() if currency else None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {**texts, **(custom_text or {})},
        "customer": customer,
        "customer_creation": customer_creation,
        "customer_details": customer_details,
        "customer_email": customer_email,
        "discounts": [],
        "expires_at": created + 86_400 if expires_at is None else expires_at,
        "invoice": invoice,
        "invoice_creation": None,
        "livemode": False,
        "locale": locale,
        "metadata": metadata or {},
        "mode": mode,
        "payment_intent": payment_intent,
        "payment_link": None,
        "payment_method_collection": payment_method_collection or "always",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": payment_status,
        "permissions": None,
        "phone_number_collection": {"enabled": phone_number_collection},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": setup_intent,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": status,
        "submit_type": submit_type,
        "subscription": subscription,
        "success_url": success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": url,
        "wallet_options": None,
    }
    if session["currency"] == "eur":
        session["payment_method_types"] = ["card", "sepa_debit"]
    if mode == "payment":
        session["invoice_creation"] = _no_invoice()
    if mode == "setup":
        session["total_details"] = None
    return session


def _no_invoice() -> dict[str, Any]:
    data = dict.fromkeys(("account_tax_ids", "custom_fields", "description", "footer", "issuer", "rendering_options"))
    return {"enabled": False, "invoice_data": {**data, "metadata": {}}}


def line_item(*, id: str, price: dict[str, Any], quantity: int, description: str) -> dict[str, Any]:
    """One line of a session; `description` is the product's name."""
    total = price["unit_amount"] * quantity
    return {
        "id": id,
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": description,
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def customer_details(email: str | None, name: str | None = None, country: str | None = None) -> dict[str, Any]:
    """Who paid, as the hosted page learned it."""
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "address": {**address, "country": country},
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def setup_intent(
    *,
    id: str,
    created: int,
    customer: str | None,
    payment_method: str | None,
    metadata: dict[str, Any] | None = None,
    description: str | None = None,
    status: str = "succeeded",
) -> dict[str, Any]:
    """A card to be stored, or stored, without a payment (https://docs.stripe.com/api/setup_intents/object)."""
    return {
        "id": id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{id}_secret_{id[-20:]}",
        "created": created,
        "customer": customer,
        "description": description,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": metadata or {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": payment_method,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": status,
        "usage": "off_session",
    }

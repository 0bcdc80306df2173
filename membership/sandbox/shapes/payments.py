"""Payment intents, charges, what arrives on the balance, refunds (https://docs.stripe.com/api/payment_intents/object)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import ids
from membership.sandbox.cards import Decline
from membership.sandbox.shapes.cards import card_of_charge
from membership.sandbox.shapes.common import billing_details

FEE_PER_MILLE = 15
FEE_FIXED = 25
PAYOUT_AFTER = 3 * 86_400


def fee(amount: int) -> int:
    """The sandbox's fee for a charge: 1.5 % rounded half up, plus 25, in minor units; never more than the charge."""
    return min(amount, (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED)


def payment_intent(
    *,
    id: str,
    created: int,
    amount: int,
    currency: str,
    status: str = "succeeded",
    customer: str | None = None,
    payment_method: str | None = None,
    latest_charge: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    receipt_email: str | None = None,
    setup_future_usage: str | None = None,
    last_payment_error: dict[str, Any] | None = None,
    statement_descriptor_suffix: str | None = None,
) -> dict[str, Any]:
    """One payment, from the first try to its success; `amount` in minor units."""
    return {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": amount if status == "succeeded" else 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{ids.derived('', id, 'secret')}",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency.lower(),
        "customer": customer,
        "description": description,
        "last_payment_error": last_payment_error,
        "latest_charge": latest_charge,
        "livemode": False,
        "metadata": metadata or {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": payment_method,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": receipt_email,
        "review": None,
        "setup_future_usage": setup_future_usage,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": statement_descriptor_suffix,
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }


def charge(
    *,
    id: str,
    created: int,
    amount: int,
    currency: str,
    payment_intent: str,
    payment_method: dict[str, Any],
    customer: str | None = None,
    balance_transaction: str | None = None,
    decline: Decline | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    receipt_email: str | None = None,
    email: str | None = None,
    name: str | None = None,
    confirmed: bool = False,
    statement_descriptor_suffix: str | None = None,
    details: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One try to take money with a card (`payment_method`: the whole object); failed when there is a `decline`.

    `details`: `payment_method_details` where it is no card.
    """
    paid = decline is None
    billing = payment_method["billing_details"]
    return {
        "id": id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": balance_transaction if paid else None,
        "billing_details": billing_details(
            email or billing["email"], name or billing["name"], billing["address"]["country"]
        ),
        "calculated_statement_descriptor": "SANDBOX NEWSROOM",
        "captured": paid,
        "created": created,
        "currency": currency.lower(),
        "customer": customer,
        "description": description,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": metadata or {},
        "on_behalf_of": None,
        "outcome": _outcome(decline),
        "paid": paid,
        "payment_intent": payment_intent,
        "payment_method": payment_method["id"],
        "payment_method_details": details or card_of_charge(payment_method, amount, confirmed=confirmed),
        "receipt_email": receipt_email,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": statement_descriptor_suffix,
        "status": "succeeded" if paid else "failed",
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(decline: Decline | None) -> dict[str, Any]:
    return {
        "advice_code": decline.advice if decline else None,
        "network_advice_code": None,
        "network_decline_code": decline.network_code if decline else None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": decline.decline_code if decline else None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not approve the payment." if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }


def balance_transaction(
    *,
    id: str,
    created: int,
    amount: int,
    currency: str,
    source: str,
    kind: str = "charge",
    category: str | None = None,
    fee_amount: int | None = None,
    fee_words: str = "Stripe processing fees",
    description: str | None = None,
    now: int | None = None,
    available_on: int | None = None,
) -> dict[str, Any]:
    """What a charge (or, negative, a refund) did to the balance. `fee_amount` None: computed for a charge, else 0;
    `category`: the reporting category where it is not the kind itself.

    `now`: the sandbox's time, to tell what is still pending; without it everything older than the pay-out delay is
    taken to be available.
    """
    taken = fee_amount if fee_amount is not None else (fee(amount) if kind == "charge" else 0)
    details = {
        "amount": taken,
        "application": None,
        "currency": currency.lower(),
        "description": fee_words,
        "type": "stripe_fee",
    }
    ready = created + PAYOUT_AFTER if available_on is None else available_on
    return {
        "id": id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": ready,
        "balance_type": "payments",
        "created": created,
        "currency": currency.lower(),
        "description": description,
        "exchange_rate": None,
        "fee": taken,
        "fee_details": [details] if taken else [],
        "net": amount - taken,
        "reporting_category": category or kind,
        "source": source,
        "status": "available" if now is None or ready <= now else "pending",
        "type": kind,
    }


def refund(
    *,
    id: str,
    created: int,
    charge: dict[str, Any],
    amount: int,
    balance_transaction: str | None = None,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
    status: str = "succeeded",
) -> dict[str, Any]:
    """Money given back from a charge (the whole object), all or part of it."""
    return {
        "id": id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": balance_transaction,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": _destination(charge["payment_method_details"]["type"]),
        "metadata": metadata or {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def _destination(kind: str) -> dict[str, Any]:
    if kind == "card":
        card = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
        return {"card": card, "type": "card"}
    return {"eu_bank_transfer": {"reference": None, "reference_status": "pending"}, "type": "eu_bank_transfer"}


def payment_error(decline: Decline, charge_id: str, method: dict[str, Any]) -> dict[str, Any]:
    """`last_payment_error` of an intent whose last try failed."""
    return {
        "advice_code": decline.advice,
        "charge": charge_id,
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": f"https://docs.stripe.com/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "network_decline_code": decline.network_code,
        "payment_method": method,
        "type": "card_error",
    }

"""Disputes and early fraud warnings (https://docs.stripe.com/api/disputes/object)."""

from __future__ import annotations

from typing import Any

ANSWER_WITHIN = 9 * 86_400
EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def dispute(
    *,
    id: str,
    created: int,
    charge: dict[str, Any],
    amount: int,
    reason: str = "fraudulent",
    status: str = "needs_response",
    balance_transactions: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A payer's objection to a charge (the whole object) through the bank. Statuses `warning_…`: an inquiry only."""
    inquiry = status.startswith("warning_")
    kind = charge["payment_method_details"]["type"]
    return {
        "id": id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": balance_transactions or [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": created + ANSWER_WITHIN,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": _card(charge, "inquiry" if inquiry else "chargeback") if kind == "card" else None,
        "reason": reason,
        "status": status,
    }


def _card(charge: dict[str, Any], case: str) -> dict[str, Any]:
    brand = charge["payment_method_details"]["card"]["brand"]
    return {
        "card": {"brand": brand, "case_type": case, "network": brand, "network_reason_code": "10.4"},
        "type": "card",
    }


def early_fraud_warning(*, id: str, created: int, charge: dict[str, Any]) -> dict[str, Any]:
    """The bank's word that a charge may be fraud (https://docs.stripe.com/api/radar/early_fraud_warnings/object)."""
    return {
        "id": id,
        "object": "radar.early_fraud_warning",
        "actionable": not charge["refunded"],
        "charge": charge["id"],
        "created": created,
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }

"""Bank accounts as payment methods and in charges, and mandates (https://docs.stripe.com/api/mandates/object)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from membership.sandbox import ids
from membership.sandbox.shapes.common import billing_details


def payment_method_sepa(
    *,
    id: str,
    created: int,
    iban: str,
    customer: str | None = None,
    email: str | None = None,
    name: str | None = None,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A stored account; `iban` is one of those in `membership.sandbox.debits`."""
    return {
        "id": id,
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(email, name, iban[:2]),
        "created": created,
        "customer": customer,
        "livemode": False,
        "metadata": metadata or {},
        "sepa_debit": {
            "bank_code": iban[4:9],
            "branch_code": "",
            "country": iban[:2],
            "fingerprint": ids.derived("", iban)[:16],
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": iban[-4:],
        },
        "type": "sepa_debit",
    }


def debit_of_charge(method: dict[str, Any], mandate: str | None, expected: int) -> dict[str, Any]:
    """`payment_method_details` of a charge that debits this account."""
    kept = ("bank_code", "branch_code", "country", "fingerprint", "last4")
    return {
        "sepa_debit": {
            **{key: method["sepa_debit"][key] for key in kept},
            "expected_debit_date": datetime.fromtimestamp(expected, UTC).date().isoformat(),
            "mandate": mandate,
        },
        "type": "sepa_debit",
    }


def mandate(*, id: str, created: int, payment_method: str, status: str = "active") -> dict[str, Any]:
    """The payer's leave to debit the account again and again."""
    return {
        "id": id,
        "object": "mandate",
        "customer_acceptance": {
            "accepted_at": created,
            "online": {"ip_address": "127.0.0.1", "user_agent": "sandbox"},
            "type": "online",
        },
        "livemode": False,
        "multi_use": {},
        "payment_method": payment_method,
        "payment_method_details": {
            "sepa_debit": {"reference": id[-16:].upper(), "url": "https://sandbox.example/mandate"},
            "type": "sepa_debit",
        },
        "status": status,
        "type": "multi_use",
    }

"""Payouts to the newsroom's bank (https://docs.stripe.com/api/payouts/object)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import ids

FAILURES = {
    "account_closed": "The bank account has been closed.",
    "could_not_process": "The bank could not process this payout.",
    "no_account": "The bank account details on file are probably incorrect. No bank account could be located.",
}


def payout(
    *,
    id: str,
    created: int,
    amount: int,
    currency: str,
    arrival_date: int,
    balance_transaction: str | None,
    status: str = "in_transit",
) -> dict[str, Any]:
    """What was available on a day, on its way to the bank."""
    return {
        "id": id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival_date,
        "automatic": True,
        "balance_transaction": balance_transaction,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": ids.derived("ba_", currency),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed" if status == "paid" else "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": status,
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }

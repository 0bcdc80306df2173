"""Payers (Stripe's customers) of one person: which there are, and noting which one goes on. Called like `gateway.client`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from membership.gateway.client import StripeGone, _fetched, _v1


@dataclass(frozen=True)
class PayerReading:
    """A customer that is still there; `live` while a subscription of theirs runs or may yet begin."""

    id: str
    created_at: datetime
    live: bool


def payer(customer_id: str) -> PayerReading | None:
    """One payer as they are now; None for one that was deleted."""
    try:
        return _payer(customer_id)
    except StripeGone:
        return None


@_fetched
def _payer(customer_id: str) -> PayerReading | None:
    customer = _v1().customers.retrieve(customer_id)
    if getattr(customer, "deleted", False):
        return None
    # What is cancelled is not listed (docs.stripe.com/api/subscriptions/list).
    subscriptions = _v1().subscriptions.list({"customer": customer_id, "limit": 100})
    live = any(one.status != "incomplete_expired" for one in subscriptions.auto_paging_iter())
    return PayerReading(customer_id, datetime.fromtimestamp(customer.created, UTC), live)


def delete_payer(customer_id: str) -> None:
    """Take a payer away at Stripe, with their card and whatever subscription still runs; twice is once
    (docs.stripe.com/api/customers/delete)."""
    with suppress(StripeGone):
        _delete(customer_id)


@_fetched
def _delete(customer_id: str) -> None:
    _v1().customers.delete(customer_id)


@_fetched
def name_other(customer_id: str, other: str | None) -> None:
    """Write on a customer, for whoever looks at the dashboard, under which `other` one the same person pays from now on;
    None: under this one. Raises `StripeGone`."""
    _v1().customers.update(customer_id, {"metadata": {"pays_as": other or ""}})

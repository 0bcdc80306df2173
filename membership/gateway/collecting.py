"""Collecting what is owed: open invoices, why a try failed, another card, trying again. Called like `gateway.client`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

from membership.gateway.client import Opened, _fetched, _named, _v1


@dataclass(frozen=True)
class OwedReading:
    """An invoice of a subscription that waits to be paid. `attempts`: tries so far; `next_attempt_at`: None when Stripe
    will not try again by itself; `first`: of the subscription's beginning; amounts in minor units."""

    id: str
    currency: str
    amount: int
    attempts: int
    next_attempt_at: datetime | None
    hosted_url: str | None
    payment_intent_id: str | None
    first: bool


@dataclass(frozen=True)
class FailureReading:
    """How the last try ended: the intent's `status`, Stripe's `code` and `decline_code`, and the kind of method."""

    status: str
    code: str | None
    decline_code: str | None
    method: str | None


@dataclass(frozen=True)
class CardReading:
    """The payment method that the next invoice is paid with, when it is a card."""

    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True)
class SetupReading:
    """A finished setup: the payment method that was stored, and the customer it is stored with."""

    payment_method_id: str
    customer_id: str


@dataclass(frozen=True)
class SetupRequest:
    """A hosted page for storing another card. `token` names our row at Stripe."""

    token: str
    customer_id: str
    subscription_id: str
    currency: str
    locale: str
    success_url: str
    cancel_url: str


@_fetched
def open_invoices(subscription_id: str) -> list[OwedReading]:
    """What is open of a subscription, the newest first."""
    params = {"subscription": subscription_id, "status": "open", "limit": 24, "expand": ["data.payments"]}
    return [_owed(invoice) for invoice in _v1().invoices.list(params).data]


@_fetched
def failure(payment_intent_id: str) -> FailureReading:
    """Why the last try of a payment failed."""
    intent = _v1().payment_intents.retrieve(payment_intent_id)
    error = getattr(intent, "last_payment_error", None)
    method = getattr(error, "payment_method", None)
    return FailureReading(
        intent.status,
        getattr(error, "code", None),
        getattr(error, "decline_code", None),
        getattr(method, "type", None),
    )


@_fetched
def is_open(invoice_id: str) -> bool:
    """Whether an invoice still waits to be paid."""
    return bool(_v1().invoices.retrieve(invoice_id).status == "open")


@_named
def open_setup_checkout(request: SetupRequest) -> Opened:
    """A hosted page on which the payer stores another card; nothing is charged there."""
    params = {
        "mode": "setup",
        "customer": request.customer_id,
        "currency": request.currency.lower(),
        "client_reference_id": request.token,
        "metadata": {"card_change": request.token, "app": "membership"},
        "setup_intent_data": {"metadata": {"subscription": request.subscription_id, "app": "membership"}},
        "locale": request.locale,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
    }
    session = _v1().checkout.sessions.create(params, {"idempotency_key": f"card-{request.token}"})
    return Opened(session.id, session.url)


@_fetched
def setup(session_id: str) -> SetupReading | None:
    """What a setup session stored; None while it has stored nothing."""
    session = _v1().checkout.sessions.retrieve(session_id, {"expand": ["setup_intent"]})
    intent = session.setup_intent
    if intent is None or intent.status != "succeeded" or not intent.payment_method:
        return None
    customer = session.customer
    return SetupReading(str(intent.payment_method), customer if isinstance(customer, str) else str(customer.id))


@_named
def use_card(subscription_id: str, found: SetupReading) -> None:
    """Pay with this method from now on. The subscription's own field wins over the customer's, so both are set
    (docs.stripe.com/api/subscriptions/object#subscription_object-default_payment_method)."""
    _v1().subscriptions.update(subscription_id, {"default_payment_method": found.payment_method_id})
    settings: Any = {"default_payment_method": found.payment_method_id}
    _v1().customers.update(found.customer_id, {"invoice_settings": settings})


@_named
def try_again(invoice_id: str, *, key: str) -> bool:
    """Have an open invoice paid with the stored method now; False when the bank says no, or it is not open any more.

    `key` is our card change's token: asked twice, tried once.
    """
    try:
        paid = _v1().invoices.pay(invoice_id, {}, {"idempotency_key": f"pay-{invoice_id}-{key}"})
    except (stripe.CardError, stripe.InvalidRequestError):
        return False
    return bool(paid.status == "paid")


@_named
def end_now(subscription_id: str) -> None:
    """End a subscription at once. One that has ended already is left alone."""
    try:
        _v1().subscriptions.cancel(subscription_id)
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise


@_named
def take_card_off(payment_intent_id: str, customer_ids: Iterable[str]) -> int:
    """Detach the method that paid this, and every copy of it that these customers have stored: it can be charged no more
    (docs.stripe.com/api/payment_methods/detach). Returns how many were taken off; none the second time."""
    intent = _v1().payment_intents.retrieve(payment_intent_id, {"expand": ["payment_method"]})
    method: Any = intent.payment_method
    if method is None:
        return 0
    print_ = _fingerprint(method)
    taken = 0
    for customer_id in sorted({*customer_ids, *filter(None, [_id(method.customer)])}):
        stored = _v1().payment_methods.list({"customer": customer_id, "type": method.type, "limit": 100})
        for one in list(stored.auto_paging_iter()):
            if one.id == method.id or (print_ is not None and _fingerprint(one) == print_):
                _v1().payment_methods.detach(one.id)
                taken += 1
    return taken


def _fingerprint(method: Any) -> str | None:
    """The same for the same card or account, however often it was entered."""
    found = getattr(getattr(method, method.type, None), "fingerprint", None)
    return str(found) if found else None


def _id(value: Any) -> str | None:
    return None if value is None else str(getattr(value, "id", value))


@_fetched
def card_of(subscription_id: str) -> CardReading | None:
    """The card that the next invoice will be paid with; None when it is no card."""
    params = {"expand": ["default_payment_method", "customer.invoice_settings.default_payment_method"]}
    subscription = _v1().subscriptions.retrieve(subscription_id, params)
    settings = getattr(subscription.customer, "invoice_settings", None)
    method: Any = subscription.default_payment_method or getattr(settings, "default_payment_method", None)
    card = getattr(method, "card", None)
    return CardReading(method.id, card.brand, card.last4, card.exp_month, card.exp_year) if card else None


def _owed(invoice: Any) -> OwedReading:
    payments = getattr(invoice, "payments", None)
    waiting = [one for one in (payments.data if payments else []) if one.status == "open"]
    intent: Any = getattr(waiting[0].payment, "payment_intent", None) if waiting else None
    again = invoice.next_payment_attempt
    return OwedReading(
        id=invoice.id,
        currency=invoice.currency.upper(),
        amount=invoice.amount_remaining,
        attempts=invoice.attempt_count,
        next_attempt_at=datetime.fromtimestamp(again, UTC) if again else None,
        hosted_url=invoice.hosted_invoice_url,
        payment_intent_id=str(getattr(intent, "id", intent)) if intent else None,
        first=invoice.billing_reason == "subscription_create",
    )

"""What we ask of Stripe. Called only with no transaction open: by views before they write, by tasks before they finish.

Every call that creates something carries an idempotency key derived from our own row, so that a crash, a double click
or a retry creates it once (docs.stripe.com/api/idempotent_requests).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import stripe

from membership.config import Config
from membership.gateway.readings import (
    CheckoutReading,
    DisputeReading,
    InvoiceReading,
    PaymentReading,
    RefundReading,
    SubscriptionReading,
    read_checkout,
    read_dispute,
    read_invoice,
    read_payment,
    read_refund,
    read_subscription,
)
from membership.money import Money
from membership.refusals import N_, Refused

P = ParamSpec("P")
R = TypeVar("R")


class StripeUnreachable(Refused):
    """Stripe did not answer, or answered that it cannot just now. Nothing was charged by asking."""

    status = 503
    passes = True
    words = N_(
        "Our payment processor does not answer at the moment. Nothing was charged. Please try again in a minute."
    )


class StripeRefuses(Refused):
    """Stripe understood and said no: a mistake of ours or of the account's settings."""

    status = 502
    words = N_("Our payment processor did not accept this. Nothing was charged. Please write to us.")


class StripeGone(Exception):
    """The object does not exist (deleted, or of another account or mode): asking again cannot help."""


@dataclass(frozen=True)
class Opened:
    """A Checkout session that was opened: its id, and the hosted page to send the reader to."""

    id: str
    url: str


@dataclass(frozen=True)
class CheckoutRequest:
    """What both kinds of checkout have in common. `token` names our row at Stripe; `locale` is Checkout's."""

    token: str
    amount: Money
    email: str
    customer_id: str | None
    locale: str
    success_url: str
    cancel_url: str


WITH_PLAN: dict[str, Any] = {"expand": ["schedule.phases.items.price"]}
"""Read a subscription together with what a schedule will change."""

_client: stripe.StripeClient | None = None


def bind(config: Config) -> None:
    """From now on this is the account. Time-outs are short: a reader is waiting."""
    global _client
    http = stripe.RequestsClient(timeout=(3, 20))
    bases: Any = {"api": config.stripe_api_base} if config.stripe_api_base else {}
    _client = stripe.StripeClient(
        config.stripe_secret_key, base_addresses=bases, max_network_retries=2, http_client=http
    )


def _named(call: Callable[P, R]) -> Callable[P, R]:
    """Stripe's exceptions under our names."""

    @functools.wraps(call)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as error:
            raise StripeUnreachable() from error
        except stripe.StripeError as error:
            raise StripeRefuses() from error

    return asked


def _fetched(call: Callable[P, R]) -> Callable[P, R]:
    """The same for looking something up: what is missing is `StripeGone`."""

    @functools.wraps(call)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return _named(call)(*args, **kwargs)
        except StripeRefuses as refused:
            if getattr(refused.__cause__, "code", None) == "resource_missing":
                raise StripeGone(str(refused.__cause__)) from refused
            raise

    return asked


def _v1() -> Any:
    assert _client is not None, "gateway.bind was not called"
    return _client.v1


def _v2() -> Any:
    assert _client is not None, "gateway.bind was not called"
    return _client.v2


@_named
def account_name() -> str:
    """The account behind the key, to see that the key works: its name, or its id."""
    account = _v1().accounts.retrieve_current()
    profile = getattr(account, "business_profile", None)
    return str(getattr(profile, "name", None) or account.id)


@_named
def ensure_product(product_id: str, name: str) -> str:
    """The product of a tier, made if it is not there yet. Products may carry an id of ours, so twice is once."""
    try:
        _v1().products.create({"id": product_id, "name": name, "metadata": {"app": "membership"}})
    except stripe.InvalidRequestError as error:
        if error.code != "resource_already_exists":
            raise
    return product_id


@_fetched
def name_product(product_id: str, name: str) -> None:
    """A tier's product under its present name. Raises `StripeGone`."""
    _v1().products.update(product_id, {"name": name})


@_named
def open_membership_checkout(request: CheckoutRequest, *, product_id: str, interval: str, seats: int = 1) -> Opened:
    """A hosted page on which the reader starts a subscription (docs.stripe.com/api/checkout/sessions/create).

    The request's amount is for all `seats` together and divides by them.
    """
    price = _price(request) | {"product": product_id, "recurring": {"interval": interval}}
    price["unit_amount"] = request.amount.minor // seats
    params = _common(request) | {
        "mode": "subscription",
        "line_items": [{"quantity": seats, "price_data": price}],
        "subscription_data": {"metadata": {"checkout": request.token, "app": "membership"}},
    }
    return _opened(params, request)


@_named
def open_donation_checkout(request: CheckoutRequest, *, name: str, button: str = "donate") -> Opened:
    """A hosted page on which the reader pays once, by a button that says so (`donate`, `pay`). Guests get a Stripe
    customer only if Stripe needs one."""
    params = _common(request) | {
        "mode": "payment",
        "submit_type": button,
        "line_items": [{"quantity": 1, "price_data": _price(request) | {"product_data": {"name": name}}}],
        "payment_intent_data": {"metadata": {"checkout": request.token, "app": "membership"}},
    }
    if not request.customer_id:
        params["customer_creation"] = "if_required"
    return _opened(params, request)


def _price(request: CheckoutRequest) -> dict[str, Any]:
    return {"currency": request.amount.currency.lower(), "unit_amount": request.amount.minor}


def _common(request: CheckoutRequest) -> dict[str, Any]:
    payer = {"customer": request.customer_id} if request.customer_id else {"customer_email": request.email}
    return payer | {
        "client_reference_id": request.token,
        "metadata": {"checkout": request.token, "app": "membership"},
        "locale": request.locale,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
    }


def _opened(params: dict[str, Any], request: CheckoutRequest) -> Opened:
    session = _v1().checkout.sessions.create(params, {"idempotency_key": f"checkout-{request.token}"})
    return Opened(session.id, session.url)


@_fetched
def checkout(session_id: str) -> CheckoutReading:
    """A Checkout session as it is now. Raises `StripeGone`, `StripeUnreachable`."""
    return read_checkout(_v1().checkout.sessions.retrieve(session_id))


@_fetched
def expire_checkout(session_id: str) -> CheckoutReading:
    """Close a hosted page before its time, so that nothing can be paid on it any more
    (docs.stripe.com/api/checkout/sessions/expire). Raises `StripeRefuses` for one that is paid or closed already."""
    return read_checkout(_v1().checkout.sessions.expire(session_id))


@_fetched
def subscription(subscription_id: str) -> SubscriptionReading:
    """A subscription as it is now. Raises `StripeGone`, `StripeUnreachable`."""
    return read_subscription(_v1().subscriptions.retrieve(subscription_id, WITH_PLAN))


@_fetched
def paid_invoices(subscription_id: str, known: Container[str]) -> list[InvoiceReading]:
    """A subscription's paid invoices that are not `known`, newest first; older pages are asked for only while needed."""
    params: dict[str, Any] = {
        "subscription": subscription_id,
        "status": "paid",
        "limit": 24,
        "expand": ["data.payments"],
    }
    found: list[InvoiceReading] = []
    while True:
        page = _v1().invoices.list(params)
        new = [read_invoice(invoice) for invoice in page.data if invoice.id not in known]
        found += new
        if not page.has_more or len(new) < len(page.data):
            return found
        params["starting_after"] = page.data[-1].id


@_fetched
def payment(payment_intent_id: str) -> PaymentReading:
    """A payment as it is now, with its charge and what was booked. Raises `StripeGone`, `StripeUnreachable`."""
    params = {"expand": ["latest_charge.balance_transaction"]}
    return read_payment(_v1().payment_intents.retrieve(payment_intent_id, params))


@_fetched
def refunds(payment_intent_id: str) -> list[RefundReading]:
    """Every refund of a payment, in any state."""
    expand = ["data.balance_transaction", "data.failure_balance_transaction"]
    page = _v1().refunds.list({"payment_intent": payment_intent_id, "limit": 100, "expand": expand})
    return [read_refund(refund) for refund in page.auto_paging_iter()]


@_fetched
def disputes(payment_intent_id: str) -> list[DisputeReading]:
    """Every dispute of a payment, inquiries included."""
    page = _v1().disputes.list({"payment_intent": payment_intent_id, "limit": 100})
    return [read_dispute(dispute) for dispute in page.auto_paging_iter()]


def customer_exists(customer_id: str) -> bool:
    """Whether a payer is still there; a deleted one is answered with little more than its id."""
    try:
        return not getattr(_customer(customer_id), "deleted", False)
    except StripeGone:
        return False


@_fetched
def _customer(customer_id: str) -> Any:
    return _v1().customers.retrieve(customer_id)


def product_is_offered(product_id: str) -> bool:
    """Whether a product may still be bought: neither archived nor deleted."""
    try:
        return bool(getattr(_product(product_id), "active", False))
    except StripeGone:
        return False


@_fetched
def _product(product_id: str) -> Any:
    return _v1().products.retrieve(product_id)


@_named
def refund(payment_intent_id: str, amount: int, *, reason: str, key: str) -> RefundReading:
    """Send money back. `key` is our refund's token: asked twice, refunded once."""
    params = {
        "payment_intent": payment_intent_id,
        "amount": amount,
        "reason": reason,
        "metadata": {"refund": key, "app": "membership"},
        "expand": ["balance_transaction"],
    }
    try:
        return read_refund(_v1().refunds.create(params, {"idempotency_key": f"refund-{key}"}))
    except stripe.IdempotencyError as error:  # the same request is still being carried out: its answer is not known yet
        raise StripeUnreachable() from error


@_named
def schedule_cancellation(subscription_id: str, *, cancel: bool) -> SubscriptionReading:
    """End a subscription at its period's end, or (cancel=False) take that back. Answers with the subscription after it."""
    if cancel:  # what a schedule manages can be ended only by the schedule; what was planned falls with the end
        release_plan(subscription_id)
    return read_subscription(_v1().subscriptions.update(subscription_id, {"cancel_at_period_end": cancel, **WITH_PLAN}))


def release_plan(subscription_id: str) -> None:
    """Let a subscription go on as it is now: a change that was planned for later falls away. Called by named functions."""
    schedule = _v1().subscriptions.retrieve(subscription_id).schedule
    if schedule:
        _v1().subscription_schedules.release(schedule if isinstance(schedule, str) else schedule.id)


@_fetched
def end_subscription(subscription_id: str) -> SubscriptionReading:
    """End a subscription at once, without giving money back. Raises `StripeGone` when it has ended already."""
    return read_subscription(_v1().subscriptions.cancel(subscription_id))


@_fetched
def change_customer_address(customer_id: str, email: str) -> None:
    """Where Stripe writes to a customer. Raises `StripeGone`."""
    _v1().customers.update(customer_id, {"email": email})

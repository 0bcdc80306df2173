"""Stored cards: a new one by Checkout in setup mode, which one is used, and taking one away."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Sandbox


def told(sandbox: Sandbox) -> list[str]:
    return [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]


def setup(sandbox: Sandbox, customer: str, **more: Any) -> Any:
    return sandbox.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "eur", "customer": customer, "success_url": "http://127.0.0.1:1/", **more}
    )


def test_a_failing_card_is_replaced_by_checkout_in_setup_mode(sandbox: Sandbox) -> None:
    joined = sandbox.join(card="4000000000000341")
    sandbox.advance("32d")
    session = setup(sandbox, joined.customer, setup_intent_data={"metadata": {"subscription": joined.subscription}})
    assert sandbox.pay(session)[0] == 303
    session = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (session.status, session.payment_status) == ("complete", "no_payment_required")
    intent = session.setup_intent
    assert (intent.status, intent.metadata["subscription"]) == ("succeeded", joined.subscription)
    assert told(sandbox)[-4:] == [
        "payment_method.attached",
        "setup_intent.created",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]
    sandbox.v1.subscriptions.update(joined.subscription, {"default_payment_method": intent.payment_method})
    sandbox.advance("5d")
    assert sandbox.v1.subscriptions.retrieve(joined.subscription).status == "active"


def test_a_card_that_declines_is_not_stored(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({"email": "ada@example.org"})
    session = setup(sandbox, customer.id)
    assert sandbox.pay(session, card="4000000000009995")[0] == 402
    (intent,) = sandbox.v1.setup_intents.list({"customer": customer.id}).data
    assert (intent.status, intent.last_setup_error.decline_code) == ("requires_payment_method", "insufficient_funds")
    assert told(sandbox)[-1] == "setup_intent.setup_failed"
    assert sandbox.v1.customers.payment_methods.list(customer.id).data == []
    assert sandbox.pay(session)[0] == 303
    after = sandbox.v1.setup_intents.retrieve(intent.id)
    assert (after.status, after.last_setup_error) == ("succeeded", None)


def test_the_subscriptions_own_card_goes_before_the_customers(sandbox: Sandbox) -> None:
    joined = sandbox.join(card="4000000000000341")
    card = sandbox.v1.payment_methods.attach("pm_card_visa", {"customer": joined.customer})
    default = {"invoice_settings": {"default_payment_method": card.id}}
    assert sandbox.v1.customers.update(joined.customer, default).invoice_settings.default_payment_method == card.id
    sandbox.advance("32d")
    assert sandbox.v1.subscriptions.retrieve(joined.subscription).status == "past_due"
    sandbox.v1.subscriptions.update(joined.subscription, {"default_payment_method": ""})
    sandbox.advance("3d")
    assert sandbox.v1.subscriptions.retrieve(joined.subscription).status == "active"


def test_a_card_that_is_taken_away_is_nobodys_default(sandbox: Sandbox) -> None:
    joined = sandbox.join()
    (card,) = sandbox.v1.payment_methods.list({"customer": joined.customer}).data
    sandbox.v1.customers.update(joined.customer, {"invoice_settings": {"default_payment_method": card.id}})
    assert sandbox.v1.payment_methods.detach(card.id).customer is None
    assert sandbox.v1.subscriptions.retrieve(joined.subscription).default_payment_method is None
    assert sandbox.v1.customers.retrieve(joined.customer).invoice_settings.default_payment_method is None
    assert sandbox.v1.payment_methods.list({"customer": joined.customer}).data == []
    (event,) = sandbox.v1.events.list({"type": "payment_method.detached"}).data
    assert event.data.previous_attributes.customer == joined.customer
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.payment_methods.detach(card.id)
    sandbox.advance("32d")
    assert sandbox.v1.subscriptions.retrieve(joined.subscription).status == "past_due"

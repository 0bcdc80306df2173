"""Renewals that fail, why, and how the payer puts it right."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Sandbox, post_form

DAY = 86_400


def told(sandbox: Sandbox) -> list[str]:
    return [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]


def renewed(sandbox: Sandbox, card: str, **more: Any) -> tuple[Any, Any]:
    """A subscription just after its first renewal was tried, and that invoice with its intent."""
    session = sandbox.join(card=card, **more)
    begun = sandbox.v1.subscriptions.retrieve(session.subscription)
    sandbox.post("/_sandbox/clock", {"to": begun["items"].data[0].current_period_end + 60})
    subscription = sandbox.v1.subscriptions.retrieve(session.subscription)
    expand = {"expand": ["payments.data.payment.payment_intent"]}
    return subscription, sandbox.v1.invoices.retrieve(subscription.latest_invoice, expand)


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("4000000000000341", "card_declined", "generic_decline"),
        ("4000000000001341", "card_declined", "insufficient_funds"),
        ("4000000000002341", "expired_card", "expired_card"),
        ("4000000000003341", "card_declined", "lost_card"),
        ("4000000000004341", "card_declined", "stolen_card"),
        ("4000000000005341", "processing_error", "processing_error"),
    ],
)
def test_a_renewal_fails_for_its_cards_reason(sandbox: Sandbox, card: str, code: str, decline_code: str) -> None:
    subscription, invoice = renewed(sandbox, card)
    assert subscription.status == "past_due"
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt == invoice.created + DAY
    error = invoice.payments.data[0].payment.payment_intent.last_payment_error
    assert (error.code, error.decline_code) == (code, decline_code)
    with pytest.raises(stripe.CardError) as refused:
        sandbox.v1.invoices.pay(invoice.id)
    assert refused.value.code == code


@pytest.mark.parametrize("card", ["4000002760003184", "4000000000006341"])
def test_a_bank_may_want_the_payers_word_at_a_renewal(sandbox: Sandbox, card: str) -> None:
    answer = {"answer": "confirm"} if card.endswith("3184") else {}
    session = sandbox.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "line_items": [{"price": sandbox.tier().id, "quantity": 1}],
            "success_url": "http://127.0.0.1:1/",
        }
    )
    assert sandbox.pay(session, card=card, **answer)[0] == 303
    joined = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription
    sandbox.post("/_sandbox/clock", {"to": joined["items"].data[0].current_period_end + 60})
    types = told(sandbox)
    assert "payment_intent.requires_action" in types
    assert types.index("invoice.payment_action_required") < types.index("invoice.payment_failed")
    (invoice, _) = sandbox.v1.invoices.list({"expand": ["data.payments.data.payment.payment_intent"]}).data
    intent = invoice.payments.data[0].payment.payment_intent
    assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")
    tries = len(sandbox.v1.charges.list().data)
    sandbox.advance("2d")
    assert len(sandbox.v1.charges.list().data) == tries
    assert sandbox.v1.invoices.retrieve(invoice.id).attempt_count == 2
    status, _, text = post_form(invoice.hosted_invoice_url, {"stored": "1"})
    assert (status, "is this you" in text) == (200, True)
    assert post_form(invoice.hosted_invoice_url, {"stored": "1", "answer": "confirm"})[0] == 303
    paid = sandbox.v1.invoices.retrieve(invoice.id)
    assert paid.status == "paid"
    subscription = paid.parent.subscription_details.subscription
    assert sandbox.v1.subscriptions.retrieve(subscription).status == "active"


def test_a_payer_may_fail_the_confirmation(sandbox: Sandbox) -> None:
    _, invoice = renewed(sandbox, "4000000000006341")
    status, _, text = post_form(invoice.hosted_invoice_url, {"stored": "1", "answer": "fail"})
    assert (status, "unable to authenticate" in text) == (402, True)
    assert sandbox.v1.invoices.retrieve(invoice.id).status == "open"


def test_an_open_invoice_is_paid_on_its_page(sandbox: Sandbox) -> None:
    subscription, invoice = renewed(sandbox, "4000000000001341")
    with urllib.request.urlopen(invoice.hosted_invoice_url) as answer:
        text = answer.read().decode()
    assert invoice.number in text
    assert "€5</strong>" in text
    assert post_form(invoice.hosted_invoice_url, {"card": "1234"})[0] == 422
    assert post_form(invoice.hosted_invoice_url, {"card": "4000000000009995"})[0] == 402
    assert sandbox.v1.invoices.retrieve(invoice.id).status == "open"
    assert post_form(invoice.hosted_invoice_url, {"card": "4242424242424242"})[0] == 303
    assert sandbox.v1.invoices.retrieve(invoice.id).status == "paid"
    after = sandbox.v1.subscriptions.retrieve(subscription.id)
    assert (after.status, after.default_payment_method) == ("active", subscription.default_payment_method)
    assert post_form(invoice.hosted_invoice_url, {"card": "4242424242424242"})[0] == 409
    assert told(sandbox)[-1] == "customer.subscription.updated"


def test_a_card_that_asks_is_confirmed_on_the_invoices_page(sandbox: Sandbox) -> None:
    _, invoice = renewed(sandbox, "4000000000000341")
    card = {"card": "4000002500003155"}
    assert post_form(invoice.hosted_invoice_url, card)[0] == 200
    assert post_form(invoice.hosted_invoice_url, {**card, "answer": "confirm"})[0] == 303
    assert sandbox.v1.invoices.retrieve(invoice.id).status == "paid"


def test_an_invoice_can_be_paid_with_another_stored_card(sandbox: Sandbox) -> None:
    subscription, invoice = renewed(sandbox, "4000000000000341")
    card = sandbox.v1.payment_methods.attach("pm_card_visa", {"customer": subscription.customer})
    assert sandbox.v1.invoices.pay(invoice.id, {"payment_method": card.id}).status == "paid"


def test_an_invoice_that_never_was_has_no_page(sandbox: Sandbox) -> None:
    assert post_form(sandbox.url + "/invoice/in_none", {})[0] in (404, 409)


@pytest.mark.parametrize(("interval", "days"), [("month", 7), ("year", 30)])
def test_a_renewal_is_announced_some_days_before(sandbox: Sandbox, interval: str, days: int) -> None:
    session = sandbox.join(price=sandbox.tier(5000, interval))
    end = sandbox.v1.subscriptions.retrieve(session.subscription)["items"].data[0].current_period_end
    sandbox.post("/_sandbox/clock", {"to": end - days * DAY - 60})
    assert sandbox.v1.events.list({"type": "invoice.upcoming"}).data == []
    sandbox.advance("2m")
    (event,) = sandbox.v1.events.list({"type": "invoice.upcoming"}).data
    invoice = event.data.object
    assert (invoice.amount_due, invoice.number, invoice.lines.data[0].period.start) == (5000, None, end)
    assert invoice.id.startswith("upcoming_in_")
    assert event.created == end - days * DAY
    sandbox.advance("1d")
    assert len(sandbox.v1.events.list({"type": "invoice.upcoming"}).data) == 1


def test_an_end_is_not_announced_as_a_renewal(sandbox: Sandbox) -> None:
    session = sandbox.join()
    sandbox.v1.subscriptions.update(session.subscription, {"cancel_at_period_end": True})
    sandbox.advance("32d")
    assert "invoice.upcoming" not in told(sandbox)


def test_the_network_may_tell_of_a_new_expiry_or_card(sandbox: Sandbox) -> None:
    session = sandbox.join(card="4000000000002341")
    (card,) = sandbox.v1.customers.payment_methods.list(session.customer).data
    sandbox.post(f"/_sandbox/payment_methods/{card.id}", {"exp_month": 1, "exp_year": 2027})
    (event,) = sandbox.v1.events.list({"type": "payment_method.automatically_updated"}).data
    assert (event.data.object.card.exp_month, event.data.object.card.exp_year) == (1, 2027)
    assert event.data.previous_attributes.card.exp_year == 2034
    sandbox.post(f"/_sandbox/payment_methods/{card.id}", {"card": "4242424242424242"})
    sandbox.advance("31d")
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "active"
    for nonsense in ({"card": "1"}, {"exp_month": 13}):
        with pytest.raises(OSError, match="400") as refused:
            sandbox.post(f"/_sandbox/payment_methods/{card.id}", nonsense)
        refused.value.close()

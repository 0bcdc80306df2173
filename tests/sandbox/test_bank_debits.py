"""SEPA debits: waiting for the bank, paid or returned days later, taken back after that."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Sandbox, post_form

PAYS, FAILS, DISPUTED = "AT611904300234573201", "AT861904300235473202", "AT591904300235473203"
FAILS_LATER = "AT001904300235470341"
MINE = ("checkout", "charge", "payment_intent", "invoice", "mandate", "customer.subscription")


def told(sandbox: Sandbox) -> list[str]:
    types = [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]
    return [type for type in types if type.startswith(MINE)]


def since(sandbox: Sandbox, before: list[str]) -> list[str]:
    return told(sandbox)[len(before) :]


def give(sandbox: Sandbox, iban: str) -> Any:
    session = sandbox.donation(2000)
    assert sandbox.pay(session, card="", iban=iban)[0] == 303
    return sandbox.v1.checkout.sessions.retrieve(session.id)


def join(sandbox: Sandbox, iban: str) -> Any:
    session = sandbox.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "line_items": [{"price": sandbox.tier(700).id, "quantity": 1}],
            "success_url": "http://127.0.0.1:1/",
        }
    )
    assert sandbox.pay(session, card="", iban=iban)[0] == 303
    return sandbox.v1.checkout.sessions.retrieve(session.id)


def test_a_donation_waits_for_the_bank_and_is_paid(sandbox: Sandbox) -> None:
    session = give(sandbox, "at61 1904 3002 3457 3201")
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    intent = sandbox.v1.payment_intents.retrieve(session.payment_intent, {"expand": ["latest_charge"]})
    assert (intent.status, intent.latest_charge.status, intent.latest_charge.paid) == ("processing", "pending", False)
    assert intent.latest_charge.payment_method_details.sepa_debit.last4 == "3201"
    mandate = sandbox.v1.mandates.retrieve(intent.latest_charge.payment_method_details.sepa_debit.mandate)
    assert mandate.status == "active"
    assert sandbox.v1.balance_transactions.list().data == []
    before = told(sandbox)
    assert before[-2:] == ["charge.pending", "checkout.session.completed"]
    sandbox.advance("6d")
    assert sandbox.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    (arrived,) = sandbox.v1.balance_transactions.list().data
    assert (arrived.amount, arrived.fee) == (2000, 35)
    assert since(sandbox, before) == [
        "payment_intent.succeeded",
        "charge.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_a_donation_may_be_returned(sandbox: Sandbox) -> None:
    session = give(sandbox, FAILS)
    before = told(sandbox)
    sandbox.advance("6d")
    assert sandbox.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    intent = sandbox.v1.payment_intents.retrieve(session.payment_intent)
    assert (intent.status, intent.last_payment_error.code) == ("requires_payment_method", "insufficient_funds")
    assert since(sandbox, before) == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]


def test_a_debit_may_be_taken_back_for_good(sandbox: Sandbox) -> None:
    give(sandbox, DISPUTED)
    sandbox.advance("6d")
    (dispute,) = sandbox.v1.disputes.list().data
    assert (dispute.status, dispute.reason) == ("lost", "debit_not_authorized")
    assert dispute.payment_method_details is None
    types = told(sandbox)
    assert types[-1] == "charge.dispute.closed"
    assert types.count("mandate.updated") == 2


def test_a_subscription_is_active_while_the_bank_is_asked(sandbox: Sandbox) -> None:
    session = join(sandbox, PAYS)
    assert session.payment_status == "unpaid"
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "active"
    assert sandbox.v1.invoices.retrieve(session.invoice).status == "open"
    before = told(sandbox)
    sandbox.advance("6d")
    assert sandbox.v1.invoices.retrieve(session.invoice).status == "paid"
    assert "invoice.paid" in since(sandbox, before)
    assert since(sandbox, before)[-1] == "checkout.session.async_payment_succeeded"
    sandbox.advance("27d")
    renewal = sandbox.v1.invoices.list({"subscription": session.subscription}).data[0]
    assert (renewal.status, renewal.billing_reason) == ("open", "subscription_cycle")
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "active"
    sandbox.advance("6d")
    assert sandbox.v1.invoices.retrieve(renewal.id).status == "paid"


def test_a_first_debit_that_fails_voids_the_invoice_and_leaves_it_active(sandbox: Sandbox) -> None:
    session = join(sandbox, FAILS)
    before = told(sandbox)
    sandbox.advance("6d")
    assert sandbox.v1.invoices.retrieve(session.invoice).status == "void"
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "active"
    types = since(sandbox, before)
    assert [type for type in types if type.startswith("invoice")] == [
        "invoice.payment_failed",
        "invoice.updated",
        "invoice.voided",
    ]
    assert types[-1] == "checkout.session.async_payment_failed"


def test_a_later_debit_that_fails_makes_it_past_due_and_it_ends_at_last(sandbox: Sandbox) -> None:
    session = join(sandbox, FAILS_LATER)
    sandbox.advance("6d")
    sandbox.advance("31d")
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "past_due"
    invoice = sandbox.v1.invoices.list({"subscription": session.subscription}).data[0]
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    sandbox.advance("25d")
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "canceled"


def test_a_lever_answers_for_the_bank(sandbox: Sandbox) -> None:
    session = give(sandbox, PAYS)
    (charge,) = sandbox.v1.charges.list().data
    answer = {"outcome": "failed", "reason": "debit_not_authorized"}
    assert sandbox.post(f"/_sandbox/charges/{charge.id}", answer)["failure_code"] == "debit_not_authorized"
    assert told(sandbox)[-1] == "checkout.session.async_payment_failed"
    with pytest.raises(OSError, match="400") as refused:
        sandbox.post(f"/_sandbox/charges/{charge.id}", {"outcome": "succeeded"})
    refused.value.close()
    sandbox.advance("9d")
    assert sandbox.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_without_a_mandate_nothing_is_debited(sandbox: Sandbox) -> None:
    session = join(sandbox, PAYS)
    sandbox.advance("6d")
    (method,) = sandbox.v1.payment_methods.list({"customer": session.customer, "type": "sepa_debit"}).data
    assert sandbox.v1.payment_methods.list({"customer": session.customer, "type": "card"}).data == []
    (mandate,) = sandbox.read("/_sandbox/objects/mandate")
    assert mandate["payment_method"] == method.id
    assert sandbox.post(f"/_sandbox/mandates/{mandate['id']}")["status"] == "inactive"
    sandbox.advance("34d")
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "past_due"


def test_an_account_can_be_stored_and_used_instead_of_a_card(sandbox: Sandbox) -> None:
    joined = sandbox.join(card="4000000000000341")
    setup = sandbox.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "eur", "customer": joined.customer, "success_url": "http://127.0.0.1:1/"}
    )
    assert sandbox.pay(setup, card="", iban=PAYS)[0] == 303
    after = sandbox.v1.checkout.sessions.retrieve(setup.id, {"expand": ["setup_intent"]})
    assert after.setup_intent.mandate
    method = after.setup_intent.payment_method
    sandbox.v1.subscriptions.update(joined.subscription, {"default_payment_method": method})
    sandbox.advance("40d")
    paid = sandbox.v1.invoices.list({"subscription": joined.subscription, "status": "paid"}).data
    assert len(paid) == 2
    sandbox.v1.payment_methods.detach(method)
    assert sandbox.v1.mandates.retrieve(after.setup_intent.mandate).status == "inactive"


def test_only_test_accounts_and_only_euros(sandbox: Sandbox) -> None:
    session = sandbox.donation(2000)
    status, _, text = sandbox.pay(session, card="", iban="DE89370400440532013000")
    assert (status, "never type a real IBAN" in text) == (422, True)
    dollars = sandbox.donation(2000, "usd")
    with urllib.request.urlopen(dollars.url) as answer:
        assert "IBAN" not in answer.read().decode()
    assert sandbox.pay(dollars, card="", iban=PAYS)[0] == 422
    assert post_form(session.url, {"pick": PAYS, "email": "a@example.org"})[0] == 303
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.payment_methods.create({"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}})
    made = sandbox.v1.payment_methods.create({"type": "sepa_debit", "sepa_debit": {"iban": PAYS}})
    assert made.sepa_debit.country == "AT"


def test_a_debit_can_be_refunded(sandbox: Sandbox) -> None:
    session = give(sandbox, PAYS)
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.refunds.create({"payment_intent": session.payment_intent})
    sandbox.advance("6d")
    assert sandbox.v1.refunds.create({"payment_intent": session.payment_intent}).amount == 2000


def test_while_the_bank_is_asked_nothing_else_pays_the_invoice(sandbox: Sandbox) -> None:
    session = join(sandbox, PAYS)
    page = sandbox.v1.invoices.retrieve(session.invoice).hosted_invoice_url
    with urllib.request.urlopen(page) as answer:
        assert "under way" in answer.read().decode()
    assert post_form(page, {"card": "4242424242424242"})[0] == 409
    with pytest.raises(stripe.CardError):
        sandbox.v1.invoices.pay(session.invoice)
    assert len(sandbox.v1.charges.list().data) == 1

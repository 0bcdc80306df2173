"""The hosted page: paying, being declined, confirming, coming too late, twice at once."""

from __future__ import annotations

import threading
import urllib.request

import pytest

from membership.sandbox.cards import CARDS
from tests.sandbox.conftest import Sandbox


def test_the_page_says_what_it_is_and_what_is_paid(sandbox: Sandbox) -> None:
    session = sandbox.donation(2050, cancel_url="http://127.0.0.1:1/give")
    with urllib.request.urlopen(session.url) as answer:
        text = answer.read().decode()
        assert "script" not in answer.headers["Content-Security-Policy"]
    assert "No money moves" in text
    assert "€20.50" in text
    assert "http://127.0.0.1:1/give" in text
    assert "<script" not in text
    assert session.url.startswith(sandbox.url + "/pay/cs_test_")


def test_paying_leads_to_the_success_page_with_the_session_in_it(sandbox: Sandbox) -> None:
    session = sandbox.donation()
    assert sandbox.pay(session)[:2] == (303, f"http://127.0.0.1:1/thanks?session_id={session.id}")


def test_a_donation_carries_its_notes_to_the_payment(sandbox: Sandbox) -> None:
    session = sandbox.give(
        payment_intent_data={"metadata": {"article": "a1"}, "description": "A gift", "receipt_email": "ada@example.org"}
    )
    assert session.customer is None
    intent = sandbox.v1.payment_intents.retrieve(session.payment_intent, {"expand": ["latest_charge"]})
    assert (intent.metadata["article"], intent.description) == ("a1", "A gift")
    assert intent.latest_charge.metadata["article"] == "a1"
    assert session.customer_details.email == "ada@example.org"


def test_a_donation_makes_a_customer_when_asked(sandbox: Sandbox) -> None:
    session = sandbox.give(customer_creation="always")
    assert sandbox.v1.customers.retrieve(session.customer).email == "ada@example.org"


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "card_declined"),
        ("4000000000000069", "expired_card"),
    ],
)
def test_a_decline_is_said_and_told_and_the_payer_may_try_again(sandbox: Sandbox, card: str, code: str) -> None:
    session = sandbox.donation()
    status, _, text = sandbox.pay(session, card=card)
    assert status == 402
    assert CARDS[card].now.message.split(".")[0].replace("'", "&#39;") in text
    types = [event.type for event in sandbox.v1.events.list({"limit": 2}).data]
    assert types == ["payment_intent.payment_failed", "charge.failed"]
    (charge,) = sandbox.v1.charges.list().data
    assert (charge.status, charge.failure_code, charge.paid) == ("failed", code, False)
    assert sandbox.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert sandbox.pay(session)[0] == 303
    (intent,) = sandbox.v1.payment_intents.list().data
    assert (intent.status, intent.last_payment_error) == ("succeeded", None)


def test_a_card_may_ask_for_confirmation(sandbox: Sandbox) -> None:
    session, card = sandbox.donation(), "4000 0025 0000 3155"
    status, _, text = sandbox.pay(session, card=card)
    assert (status, "is this you" in text) == (200, True)
    assert sandbox.pay(session, card=card, answer="fail")[0] == 402
    assert sandbox.v1.charges.list().data == []
    assert sandbox.pay(session, card=card, answer="confirm")[0] == 303
    (charge,) = sandbox.v1.charges.list().data
    assert charge.payment_method_details.card.three_d_secure.result == "authenticated"


@pytest.mark.parametrize("number", ["4111111111111112", "1234", "", "4242424242424243"])
def test_no_other_number_is_taken(sandbox: Sandbox, number: str) -> None:
    session = sandbox.donation()
    status, _, text = sandbox.pay(session, card=number)
    assert status == 422
    assert "never type a real card number" in text
    assert "Ada Reader" in text


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "a b@c.d"])
def test_an_address_is_needed(sandbox: Sandbox, typed: str) -> None:
    status, _, text = sandbox.pay(sandbox.donation(), email=typed)
    assert (status, "e-mail address, like" in text) == (422, True)


def test_a_known_address_stays(sandbox: Sandbox) -> None:
    session = sandbox.give(customer_email="known@example.org")
    assert session.customer_details.email == "known@example.org"


def test_a_paid_page_cannot_be_paid_again(sandbox: Sandbox) -> None:
    session = sandbox.give()
    status, _, text = sandbox.pay(session)
    assert (status, "nothing left to do" in text) == (409, True)
    assert len(sandbox.v1.charges.list().data) == 1


def test_two_payments_at_once_are_one_payment(sandbox: Sandbox) -> None:
    session, statuses = sandbox.donation(), []
    threads = [threading.Thread(target=lambda: statuses.append(sandbox.pay(session)[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [409] * 7
    assert len(sandbox.v1.charges.list().data) == 1


def test_a_page_closes_after_a_day(sandbox: Sandbox) -> None:
    session = sandbox.donation()
    sandbox.advance("24h")
    assert sandbox.pay(session)[0] == 410
    assert sandbox.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert sandbox.v1.events.list().data[0].type == "checkout.session.expired"


def test_a_page_can_be_closed(sandbox: Sandbox) -> None:
    session = sandbox.donation()
    assert sandbox.v1.checkout.sessions.expire(session.id).status == "expired"
    assert sandbox.pay(session)[0] == 410


def test_a_page_that_is_over_says_no_more_than_stripes_does(sandbox: Sandbox) -> None:
    paid, expired = sandbox.give(), sandbox.donation()
    sandbox.v1.checkout.sessions.expire(expired.id)
    pages = {sandbox.pay(one)[2] for one in (paid, expired)}
    assert len(pages) == 1 and "nothing left to do" in pages.pop()
    assert [sandbox.v1.checkout.sessions.retrieve(one.id).url for one in (paid, expired)] == [None, None]


def test_a_page_that_never_was_is_not_found(sandbox: Sandbox) -> None:
    assert sandbox.pay(sandbox.url + "/pay/cs_test_nothing")[0] == 404


def test_a_card_can_be_stored_without_a_payment(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({"email": "ada@example.org"})
    session = sandbox.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "eur", "customer": customer.id, "success_url": "http://127.0.0.1:1/"}
    )
    assert sandbox.pay(session)[0] == 303
    session = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent.payment_method"]})
    assert session.setup_intent.payment_method.customer == customer.id
    assert len(sandbox.v1.customers.payment_methods.list(customer.id).data) == 1

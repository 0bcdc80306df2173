"""Giving once, through the real SDK and the sandbox."""

import pytest
from sqlalchemy import func, select

from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.mail.models import Letter
from tests.stripe_side import hidden_fields


def count(session, model):
    session.expire_all()
    return session.execute(select(func.count()).select_from(model)).scalar_one()


def test_a_gift_is_one_payment_with_its_article_receipt_and_ledger(session, stripe_side, client):
    stripe_side.pay(stripe_side.give(amount="20", article="http://localhost:8002/harbour"))
    events = stripe_side.new_events()
    stripe_side.deliver(events + events)
    stripe_side.work()
    payment = session.scalars(select(Payment)).one()
    assert (payment.kind, payment.amount, payment.currency) == ("donation", 2000, "EUR")
    assert payment.article_id is not None
    assert count(session, Letter) == 1 and count(session, LedgerEntry) == 2
    session_id = session.scalars(select(Checkout)).one().session_id
    assert "Thank you for your gift" in client.get("/welcome", query_string={"session_id": session_id}).text


def test_an_article_outside_our_sites_is_dropped(session, stripe_side):
    stripe_side.pay(stripe_side.give(article="https://elsewhere.example/page"))
    stripe_side.settle()
    assert session.scalars(select(Payment)).one().article_id is None


def test_a_declined_card_books_nothing(session, stripe_side, client):
    answer = stripe_side.pay(stripe_side.give(), card="4000 0000 0000 0002")
    assert answer.status_code != 303
    stripe_side.settle()
    assert count(session, Payment) == count(session, Letter) == 0


def test_a_page_left_open_for_a_day_expires(session, stripe_side, client):
    stripe_side.give()
    stripe_side.advance("25h")
    stripe_side.settle()
    checkout = session.scalars(select(Checkout)).one()
    assert checkout.state == "expired"
    page = client.get("/welcome", query_string={"session_id": checkout.session_id}).text
    assert "Nothing was charged" in page


@pytest.mark.parametrize(
    ("amount", "words"),
    [("", "choose an amount"), ("2.99", "smallest amount"), ("5.555", "in digits"), ("1000000", "largest amount")],
)
def test_bad_amounts_get_a_word(session, client, amount, words):
    fields = hidden_fields(client.get("/give").text) | {"email": "a@example.org", "amount": amount}
    answer = client.post("/give", data=fields)
    assert answer.status_code == 422 and words in answer.text
    assert count(session, Checkout) == 0


def test_yen_have_no_decimals(session, client):
    fields = hidden_fields(client.get("/give?currency=JPY").text) | {"email": "a@example.org", "amount": "500.5"}
    assert "like 500" in client.post("/give", data=fields).text

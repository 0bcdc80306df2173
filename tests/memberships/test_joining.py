"""Joining through the real SDK and the sandbox: from the form to what stands in the books."""

import itertools
import random
from datetime import timedelta

import pytest
import stripe
from sqlalchemy import func, select, update

from membership import clock
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import has_standing
from membership.webhooks.models import StripeEvent
from tests import make
from tests.stripe_side import hidden_fields

ARTICLE = "http://localhost:8002/harbour"


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None  # Stripe does not know it yet
    session.commit()
    return row


def count(session, model):
    session.expire_all()
    return session.execute(select(func.count()).select_from(model)).scalar_one()


def books(session):
    return {
        model.__name__: count(session, model) for model in (Membership, Payment, Receipt, Movement, LedgerEntry, Letter)
    }


ONE_OF_EACH = {"Membership": 1, "Payment": 1, "Receipt": 1, "Movement": 1, "LedgerEntry": 2, "Letter": 1}


def test_a_reader_who_pays_becomes_a_patron_and_the_payment_knows_its_article(session, tier, stripe_side):
    stripe_side.pay(stripe_side.join(tier="friend", amount="5,50", article=ARTICLE + "?utm=x#top"))
    stripe_side.settle()
    assert books(session) == ONE_OF_EACH
    membership = session.scalars(select(Membership)).one()
    payment = session.scalars(select(Payment)).one()
    assert (membership.status, membership.amount, membership.interval, membership.tier_id) == (
        "active", 550, "month", tier.id,
    )  # fmt: skip
    assert (payment.amount, payment.currency, payment.kind, payment.card_last4) == (550, "EUR", "membership", "4242")
    assert membership.article_id == payment.article_id is not None
    assert has_standing(session, membership.reader_id, clock.now())
    lines = {entry.kind: entry.amount for entry in session.scalars(select(LedgerEntry))}
    assert lines == {"gross": 550, "fee": -33}  # the sandbox takes 1.5 % and 25 cents
    assert session.scalars(select(Movement)).one().yearly == 550 * 12


def test_nothing_is_thanked_before_stripe_says_so(session, tier, stripe_side, client):
    page = stripe_side.join(tier="friend")
    session_id = session.scalars(select(Checkout)).one().session_id
    assert "We are confirming" in client.get("/welcome", query_string={"session_id": session_id}).text
    stripe_side.work()
    assert "We are confirming" in client.get("/welcome", query_string={"session_id": session_id}).text
    assert count(session, Membership) == 0
    stripe_side.pay(page)
    # No webhook comes at all: the waiting page brings it about by the same path.
    answer = client.get("/welcome", query_string={"session_id": session_id})
    assert "We are confirming" in answer.text and answer.headers["Refresh"]
    stripe_side.work()
    answer = client.get("/welcome", query_string={"session_id": session_id})
    assert "You are a patron now" in answer.text and "Refresh" not in answer.headers
    assert books(session) == ONE_OF_EACH


def test_another_browser_is_not_greeted_by_name(session, tier, stripe_side, app):
    stripe_side.pay(stripe_side.join(email="ada@example.org", tier="friend"))
    stripe_side.settle()
    session_id = session.scalars(select(Checkout)).one().session_id
    page = app.test_client().get("/welcome", query_string={"session_id": session_id}).text
    assert "ada@example.org" not in page and "patron now" not in page


@pytest.mark.parametrize("seed", range(4))
def test_events_in_any_order_and_told_twice_are_one_of_each(session, tier, stripe_side, seed):
    stripe_side.pay(stripe_side.join(tier="friend"))
    events = stripe_side.new_events() * 2
    random.Random(seed).shuffle(events)
    for chunk in (
        itertools.batched(events, 3) if hasattr(itertools, "batched") else zip(*[iter(events)] * 2, strict=False)
    ):
        assert set(stripe_side.deliver(chunk)) == {200}
        stripe_side.work()
    stripe_side.deliver(events)
    stripe_side.work()
    assert books(session) == ONE_OF_EACH
    assert session.scalars(select(StripeEvent).where(StripeEvent.state == "new")).all() == []


def test_a_renewal_is_one_more_payment_and_carries_standing_on(session, tier, stripe_side):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    before = session.scalars(select(Membership)).one().paid_until
    stripe_side.advance("32d")
    stripe_side.settle()
    session.expire_all()
    membership = session.scalars(select(Membership)).one()
    assert membership.paid_until - before >= timedelta(days=28)
    assert count(session, Payment) == count(session, Receipt) == 2
    assert count(session, Movement) == 1
    numbers = sorted((row.year, row.sequence) for row in session.scalars(select(Receipt)))
    assert all(sequence == 1 or (year, sequence - 1) in numbers for year, sequence in numbers)


def test_a_card_that_fails_keeps_standing_through_the_grace_and_then_ends(session, tier, stripe_side):
    stripe_side.pay(stripe_side.join(tier="friend"), card="4000 0000 0000 0341")
    stripe_side.settle()
    stripe_side.advance("32d")
    stripe_side.settle()
    session.expire_all()
    membership = session.scalars(select(Membership)).one()
    assert membership.status == "past_due"
    assert has_standing(session, membership.reader_id, clock.now())
    stripe_side.advance("20d")
    stripe_side.settle()
    session.expire_all()
    membership = session.scalars(select(Membership)).one()
    assert membership.status == "canceled" and not has_standing(session, membership.reader_id, clock.now())
    kinds = [row.kind for row in session.scalars(select(Movement).order_by(Movement.id))]
    assert kinds == ["new", "lost"]
    assert sum(row.yearly for row in session.scalars(select(Movement))) == 0


def test_a_double_click_opens_one_page(session, tier, stripe_side, client):
    fields = hidden_fields(client.get("/join").text) | {"tier": "friend", "interval": "month", "email": "a@example.org"}
    first, second = (client.post("/join", data=fields) for _ in range(2))
    assert first.location == second.location
    assert count(session, Checkout) == 1
    changed = client.post("/join", data=fields | {"amount": "9"})
    assert changed.location != first.location


def test_a_form_that_was_paid_with_is_not_used_again(session, stripe_side, client):
    fields = hidden_fields(client.get("/give").text) | {"amount": "20", "email": "a@example.org"}
    stripe_side.pay(client.post("/give", data=fields).location)
    stripe_side.settle()
    again = client.post("/give", data=fields)
    assert again.status_code == 409 and hidden_fields(again.text)["attempt"] != fields["attempt"]
    assert count(session, Checkout) == 1


def test_a_form_left_open_for_a_day_leads_to_no_dead_page(session, tier, stripe_side, client):
    fields = hidden_fields(client.get("/give").text) | {"amount": "20", "email": "a@example.org"}
    page = client.post("/give", data=fields).location
    session.execute(update(Checkout).values(begun_at=clock.now() - timedelta(hours=24)))
    session.commit()
    again = client.post("/give", data=fields)  # whether Stripe has told us yet that the page is over or not
    assert again.status_code == 409 and "Here it is afresh" in again.text
    assert client.post("/give", data=fields | hidden_fields(again.text)).location not in (None, page)


def test_stripe_out_of_reach_is_said_and_nothing_is_lost(session, tier, client, config):
    fields = hidden_fields(client.get("/join").text) | {"tier": "friend", "interval": "year", "email": "a@example.org"}
    answer = client.post("/join", data=fields)
    assert answer.status_code == 503
    assert "Nothing was charged" in answer.text and 'value="a@example.org"' in answer.text
    assert session.scalars(select(Checkout)).one().state == "begun"
    assert count(session, Payment) == 0


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("amount", "1.005", "in digits"), ("amount", "-3", "in digits"), ("amount", "1e9", "in digits"),
        ("amount", "NaN", "in digits"), ("amount", "sNaN", "in digits"), ("amount", "4.99", "starts at"),
        ("amount", "1000000", "largest amount"), ("email", "nobody", "e-mail address"), ("email", "", "e-mail address"),
        ("tier", "gold", "one of the memberships"), ("currency", "XXX", "cannot take"), ("currency", "CHF", "do not take"),
        ("interval", "day", "Not a valid choice"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_word_beside_its_field_and_loses_nothing(session, tier, client, field, value, words):
    fields = hidden_fields(client.get("/join").text) | {"tier": "friend", "interval": "month", "email": "a@example.org"}
    answer = client.post("/join", data=fields | {"article": ARTICLE, field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert ARTICLE in answer.text
    if field == "amount":
        assert f'value="{value}"' in answer.text
    assert count(session, Checkout) == 0


def test_a_subscription_that_is_not_ours_is_left_alone(session, tier, stripe_side):
    api = stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1
    customer = api.customers.create({"email": "stranger@example.org"})
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    product = api.products.create({"name": "Elsewhere"})
    recurring = {"currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}, "product": product.id}
    price = api.prices.create(recurring)
    api.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method.id}
    )
    stripe_side.settle()
    assert count(session, Membership) == count(session, Payment) == 0
    assert session.scalars(select(Job)).all() == []

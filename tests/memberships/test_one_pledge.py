"""One person, one pledge: no second membership at checkout, and nobody learns who is a member."""

import pytest
from sqlalchemy import func, select

from membership.giving.models import Checkout
from membership.mail.models import Letter
from tests import make
from tests.stripe_side import hidden_fields


@pytest.fixture
def patron(session):
    row = make.tier(session, "friend", monthly=500)
    return make.patron(session, "ada@example.org", tier_row=row)


def join(client, email, **values):
    fields = hidden_fields(client.get("/join").text) | {"tier": "friend", "interval": "month", "email": email}
    return client.post("/join", data=fields | values)


def count(session, model):
    session.expire_all()
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize("written", ["ada@example.org", " ADA@Example.ORG "])
def test_a_strangers_form_with_a_patrons_address_begins_nothing_and_tells_only_the_patron(
    session, patron, client, written
):
    for _ in range(2):
        answer = join(client, written)
        assert answer.status_code == 200 and "We have written to you" in answer.text
        assert "patron already" not in answer.text
    assert count(session, Checkout) == 0
    letter = session.scalars(select(Letter)).one()
    assert (letter.kind, letter.address) == ("already_patron", "ada@example.org")


def test_the_patron_signed_in_is_offered_what_fits(session, patron, client):
    fields = hidden_fields(client.get("/join").text) | {"tier": "friend", "interval": "month"}
    make.sign_in(session, client, patron)
    assert "patron already" in client.get("/join").text
    assert "patron already" in client.post("/join", data=fields | {"email": "ada@example.org"}).text
    assert count(session, Checkout) == count(session, Letter) == 0


def test_who_was_a_patron_once_may_come_back(session, patron, client):
    make.lapsed_patron(session, "old@example.org")
    answer = join(client, "old@example.org")
    assert answer.status_code == 503  # on to Stripe, where nobody listens in this test
    assert count(session, Checkout) == 1

"""SEPA debits: waiting for the bank is neither a thank-you nor a failure; what comes of it is told by letter."""

import re

import pytest
import requests
from sqlalchemy import func, select

from membership import clock
from membership.giving.models import Checkout, Payment
from membership.memberships.standing import has_standing
from membership.readers.models import Person
from tests import make
from tests.dunning.conftest import letters as written
from tests.dunning.conftest import membership, unpaid
from tests.stripe_side import hidden_fields

PAYS, RETURNS = "AT611904300234573201", "AT861904300235473202"
RETURNS_LATER = "AT001904300235470341"


def debit(page, iban):
    with requests.Session() as browser:
        fields = hidden_fields(browser.get(page, timeout=20).text)
        answer = browser.post(page, data=fields | {"iban": iban}, allow_redirects=False, timeout=20)
    assert answer.status_code == 303


def count(session, model):
    session.expire_all()
    return session.scalar(select(func.count()).select_from(model))


def checkout(session):
    session.expire_all()
    return session.scalars(select(Checkout).order_by(Checkout.id.desc())).first()


def test_a_debit_gives_standing_when_it_has_arrived_and_not_before(session, tier, stripe_side):
    debit(stripe_side.join("ada@example.org", tier="friend"), PAYS)
    stripe_side.settle()
    found = membership(session)
    assert found.status == "active" and found.paid_until is None
    assert not has_standing(session, found.reader_id, clock.now())
    assert count(session, Payment) == 0 and written(session, "receipt") == []
    stripe_side.advance("15d")
    stripe_side.settle()
    assert has_standing(session, membership(session).reader_id, clock.now())
    assert count(session, Payment) == len(written(session, "receipt")) == 1
    assert written(session, "payment_not_made") == []


def test_a_first_debit_that_is_returned_ends_what_never_began_and_says_so_once(session, tier, stripe_side, client):
    debit(stripe_side.join("ada@example.org", tier="friend"), RETURNS)
    stripe_side.settle()
    stripe_side.advance("15d")
    events = stripe_side.new_events()
    stripe_side.deliver(events)
    stripe_side.work()
    stripe_side.deliver(events)
    stripe_side.settle()
    [letter] = written(session, "payment_not_made")
    assert "The membership has not begun" in letter.text and letter.address == "ada@example.org"
    assert checkout(session).state == "failed"
    found = membership(session)
    assert found.status == "canceled" and found.paid_until is None and count(session, Payment) == 0
    assert written(session, "payment_failed") == written(session, "membership_ended") == []
    stripe_side.advance("60d")
    stripe_side.settle()
    assert count(session, Payment) == 0
    stripe_side.pay(stripe_side.join("ada@example.org", tier="friend"))
    stripe_side.settle()
    assert membership(session).paid_until > clock.now()


@pytest.mark.parametrize(
    ("iban", "state", "kind"), [(PAYS, "paid", "receipt"), (RETURNS, "failed", "payment_not_made")]
)
def test_a_gift_by_debit_waits_and_then_is_told(session, stripe_side, client, iban, state, kind):
    debit(stripe_side.give("ada@example.org"), iban)
    stripe_side.settle()
    assert checkout(session).state == "waiting"
    session_id = checkout(session).session_id
    assert "Waiting for your bank" in client.get("/welcome", query_string={"session_id": session_id}).text
    browser, stranger = stripe_side.app.test_client(), stripe_side.app.test_client()
    make.sign_in(session, browser, make.reader(session, "ada@example.org"))
    make.sign_in(session, stranger, make.reader(session))
    for path in ("/account", "/account/payments"):
        assert "Waiting for your bank: your gift of €20" in browser.get(path).text
        assert "Waiting" not in stranger.get(path).text
    stripe_side.advance("15d")
    stripe_side.settle()
    assert checkout(session).state == state
    assert "Waiting" not in browser.get("/account").text
    assert {letter.kind for kind in ("receipt", "payment_not_made") for letter in written(session, kind)} == {kind}


def test_a_gift_whose_debit_came_back_before_we_heard_of_it_failed_whatever_the_order(session, stripe_side):
    debit(stripe_side.give("ada@example.org"), RETURNS)
    stripe_side.advance("15d")
    stripe_side.deliver(reversed(stripe_side.new_events()))
    stripe_side.work()
    assert checkout(session).state == "failed"
    assert len(written(session, "payment_not_made")) == 1


def test_a_renewal_that_the_bank_returns_is_told_as_such(session, tier, stripe_side, client):
    debit(stripe_side.join("ada@example.org", tier="friend"), RETURNS_LATER)
    stripe_side.settle()
    stripe_side.advance("6d")
    stripe_side.settle()
    assert membership(session).paid_until
    person = session.scalars(select(Person).where(Person.email == "ada@example.org")).one()
    stripe_side.advance("24d")
    stripe_side.advance("1h")
    stripe_side.settle()
    assert written(session, "payment_failed") == []
    stripe_side.advance("5d")
    stripe_side.settle()
    assert unpaid(session).reason == "returned"
    letter = written(session, "payment_failed")[0]
    assert letter.key.endswith(":returned")
    make.sign_in(session, client, person)
    assert re.search("your bank returned the debit", client.get("/account/membership").text)

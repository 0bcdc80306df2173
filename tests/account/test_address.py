"""A reader changes their address: confirmed from the new one, both told, and nobody learns who is known here."""

import re
from datetime import timedelta

import pytest
import stripe
from sqlalchemy import select, update

from membership import clock
from membership.giving.models import StripeCustomer
from membership.mail.models import Letter
from membership.readers import actions as readers
from membership.readers.models import AddressChange, Person
from tests import make


@pytest.fixture
def ada(session, client):
    person = make.reader(session, "ada@example.org", name="Ada Invented")
    make.sign_in(session, client, person)
    return person


def letters(session):
    session.expire_all()
    return {letter.kind: letter for letter in session.scalars(select(Letter).order_by(Letter.id))}


def ask(session, client, email="ada@new.example"):
    assert client.post("/account/address", data={"email": email}).status_code == 303
    text = letters(session)["address_confirm"].text
    return re.search(r"(/account/address/\S+)", text)[1]


def email_of(session, person):
    session.expire_all()
    return session.get_one(Person, person.reader_id).email


def test_nothing_changes_before_the_new_address_confirmed_it_and_both_are_told(session, client, ada):
    link = ask(session, client)
    written = letters(session)
    assert written["address_confirm"].address == "ada@new.example" and written["address_confirm"].fleeting
    assert written["address_asked"].address == "ada@example.org" and "ada@new.example" in written["address_asked"].text
    assert client.get(link).status_code == 200 and email_of(session, ada) == "ada@example.org"
    assert client.post(link).status_code == 303 and email_of(session, ada) == "ada@new.example"
    told = session.scalars(select(Letter.address).where(Letter.kind == "address_changed")).all()
    assert sorted(told) == ["ada@example.org", "ada@new.example"]
    assert client.post(link).status_code == 410
    assert client.get("/account").status_code == 200


def test_stripe_hears_of_it(session, client, ada, stripe_side):
    api = stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1
    customer = api.customers.create({"email": "ada@example.org"})
    session.add(StripeCustomer(customer_id=customer.id, reader_id=ada.reader_id))
    session.add(StripeCustomer(customer_id="cus_gone", reader_id=ada.reader_id))
    session.commit()
    client.post(ask(session, client))
    stripe_side.work()
    assert api.customers.retrieve(customer.id).email == "ada@new.example"


def test_other_browsers_and_open_sign_in_letters_are_closed(session, client, app, ada):
    elsewhere = app.test_client()
    make.sign_in(session, elsewhere, ada)
    assert elsewhere.get("/account").status_code == 200
    client.post(ask(session, client))
    assert elsewhere.get("/account").status_code == 303 and client.get("/account").status_code == 200


def test_a_link_of_somebody_else_changes_nothing(session, client, app, ada):
    link = ask(session, client)
    thief = app.test_client()
    assert thief.get(link).status_code == 303
    make.sign_in(session, thief, make.reader(session, "thief@example.org"))
    assert thief.get(link).status_code == 410 and thief.post(link).status_code == 410
    assert email_of(session, ada) == "ada@example.org"


def test_after_a_day_the_link_is_spent(session, client, ada):
    link = ask(session, client)
    session.execute(update(AddressChange).values(expires_at=clock.now() - timedelta(seconds=1)))
    session.commit()
    assert client.post(link).status_code == 410 and email_of(session, ada) == "ada@example.org"


def test_an_address_that_is_known_looks_the_same_and_gets_no_link(session, client, ada):
    make.reader(session, "ben@example.org")
    fresh = client.post("/account/address", data={"email": "new@example.org"}, follow_redirects=True).text
    known = client.post("/account/address", data={"email": "Ben@Example.org"}, follow_redirects=True).text
    assert known.replace("Ben@Example.org", "X") == fresh.replace("new@example.org", "X")
    written = letters(session)
    assert (
        written["address_known"].address == "Ben@Example.org"
        and "/account/address/" not in written["address_known"].text
    )


def test_an_address_taken_meanwhile_is_not_taken_away(session, client, ada):
    link = ask(session, client)
    readers.know(session, "ada@new.example", at=clock.now())
    session.commit()
    assert client.post(link).status_code == 410 and email_of(session, ada) == "ada@example.org"


@pytest.mark.parametrize(("email", "status"), [("ADA@example.org", 422), ("nonsense", 422), ("", 422)])
def test_what_is_no_other_address_is_refused(session, client, ada, email, status):
    assert client.post("/account/address", data={"email": email}).status_code == status
    assert session.scalars(select(Letter)).all() == []

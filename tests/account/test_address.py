"""A reader changes their address: confirmed from the new one, both told, and nobody learns who is known here."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import stripe
from sqlalchemy import select, update

from membership import clock
from membership.giving.models import StripeCustomer
from membership.mail.models import Letter
from membership.readers import actions as readers
from membership.readers.models import AddressChange, Person, ReaderSession
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


def stale(session, person):
    """Signed in long ago."""
    session.execute(update(ReaderSession).where(ReaderSession.reader_id == person.reader_id).values(fresh_until=None))
    session.commit()


def test_who_signed_in_long_ago_signs_in_again_by_a_letter_to_the_old_address(session, client, app, ada):
    stale(session, ada)
    for answer in (client.get("/account/address"), client.post("/account/address", data={"email": "thief@x.example"})):
        assert answer.status_code == 303 and answer.location == "/sign-in/again?next=%2Faccount%2Faddress"
    assert session.scalars(select(AddressChange)).all() == [] and letters(session) == {}
    assert "ada@example.org" in client.get("/sign-in/again?next=/account/address").text
    with client.session_transaction() as cookie:
        before = cookie["_user_id"]
    sent = client.post("/sign-in/again", data={"next": "/account/address", "email": "thief@x.example"})
    assert sent.location == "/sign-in/code?again=1" and client.get(sent.location).status_code == 200
    letter = letters(session)["sign_in"]
    assert letter.address == "ada@example.org" and client.get("/account/address").status_code == 303
    code = re.search(r"\b\d{3} ?\d{3}\b", letter.text)[0]
    assert client.post("/sign-in/code", data={"code": code}).location == "/account/address"
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != before
    assert client.get("/account/address").status_code == 200
    old = app.test_client()
    with old.session_transaction() as cookie:
        cookie["_user_id"] = before
    assert old.get("/account").status_code == 303  # what somebody else held of it is dead
    ask(session, client)


def test_a_sign_in_is_proof_for_a_quarter_of_an_hour(session, client, ada):
    stale(session, ada)
    client.post("/sign-in/again", data={"next": "/account/address"})
    code = re.search(r"\b\d{3} ?\d{3}\b", letters(session)["sign_in"].text)[0]
    client.post("/sign-in/code", data={"code": code})
    until, stepped = session.execute(
        select(ReaderSession.fresh_until, ReaderSession.stepped_at).where(ReaderSession.ended_at.is_(None))
    ).one()
    assert stepped is None  # or a role that is given later would open without its second step
    assert timedelta(minutes=14) < until - clock.now() <= timedelta(minutes=15)
    session.execute(update(ReaderSession).values(fresh_until=clock.now() - timedelta(seconds=1)))
    session.commit()
    assert client.post("/account/address", data={"email": "x@x.example"}).status_code == 303
    assert session.scalars(select(AddressChange)).all() == []


def test_the_team_proves_itself_by_the_second_step_and_no_letter_does(session, client):
    edda = make.staff(session, "editor", email="edda@example.org")
    make.sign_in(session, client, edda)
    stale(session, edda)
    assert client.get("/account/address").location.startswith("/sign-in/again?")
    assert client.post("/account/address", data={"email": "x@x.example"}).status_code == 403
    client.post("/sign-in", data={"email": "edda@example.org"})
    code = re.search(r"\b\d{3} ?\d{3}\b", letters(session)["sign_in"].text)[0]
    client.post("/sign-in/code", data={"code": code})
    newest = select(ReaderSession.fresh_until).where(ReaderSession.ended_at.is_(None), ReaderSession.stepped_at.is_(None))
    assert session.scalars(newest).all() == [None]
    assert client.get("/account/address").location.startswith("/sign-in/")


def test_again_is_no_way_to_flood_somebody_with_letters(session, client, ada, app, config, monkeypatch):
    monkeypatch.setitem(app.config, "MEMBERSHIP", replace(config, wide_limits=False))
    asked = [client.post("/sign-in/again", data={"next": "/account"}).status_code for _ in range(5)]
    assert asked == [303, 303, 303, 429, 429]

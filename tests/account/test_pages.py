"""A reader's own pages: what they say, and that they are only ever one's own."""

from datetime import timedelta

import pytest

from membership import clock
from membership.giving.models import Payment
from membership.giving.receipts import post_receipt
from membership.memberships.models import Membership, MembershipPayment
from membership.perks import actions as perks
from membership.readers.models import Person
from tests import make

PAGES = ["/account", "/account/membership", "/account/payments", "/account/perks", "/account/preferences"]


def paid(session, person, *, kind="membership", number=1, **values):
    """A payment of 5 euros with its receipt, for the person's membership if it is one."""
    defaults = {"currency": "EUR", "amount": 500, "method": "card", "card_brand": "visa", "card_last4": "4242"}
    payment = Payment(
        stripe_id=f"in_{person.reader_id}_{number}", reader_id=person.reader_id, kind=kind, paid_at=clock.now(),
        **(defaults | values),
    )  # fmt: skip
    session.add(payment)
    session.flush()
    receipt = post_receipt(session, payment, at=clock.now())
    membership = session.query(Membership).filter_by(reader_id=person.reader_id).first()
    if kind == "membership" and membership:
        period = {"period_start": clock.now(), "period_end": clock.now() + timedelta(days=30)}
        session.add(MembershipPayment(payment_id=payment.id, membership_id=membership.id, **period))
    session.commit()
    return receipt


@pytest.fixture
def ada(session, client):
    person = make.patron(session, "ada@example.org", name="Ada Invented", tier_row=make.tier(session, "member"))
    make.sign_in(session, client, person)
    return person


@pytest.mark.parametrize("path", [*PAGES, "/account/receipts/2026-000001", "/account/membership/cancellation"])
def test_a_stranger_is_asked_to_sign_in(client, path):
    assert client.get(path).location.startswith("/sign-in?next=%2Faccount")


def test_a_patron_sees_how_they_stand(session, client, ada):
    paid(session, ada)
    perks.make_perk(session, kind="link", title="The notebook", blurb="Notes.", address="https://lantern.example/m",
                    tier_ids=[], by=ada.reader_id, at=clock.now())  # fmt: skip
    perks.grant_perks(session, ada.reader_id, at=clock.now())
    session.commit()
    page = client.get("/account").text
    assert "Good to see you, Ada Invented" in page
    assert "You are a patron: Member, €5 a month, since" in page and "It is paid until" in page
    assert "The notebook" in page and "/perks/" in page
    assert "Visa card ending in 4242" in page and "/account/receipts/" in page
    assert "Become a patron</a><a" not in page


def test_a_reader_without_membership_is_invited_honestly(session, client):
    make.sign_in(session, client, make.reader(session))
    page = client.get("/account").text
    assert "You have no membership at the moment" in page and "open to everybody" in page and 'href="/join"' in page


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["reader", "patron", "lapsed_patron"])
def test_every_page_opens_for_everybody_who_is_signed_in(session, client, who, path):
    make.sign_in(session, client, getattr(make, who)(session))
    page = client.get(path)
    assert page.status_code == 200 and "style=" not in page.text and page.text.count("<h1") == 1
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("status", "days", "words"),
    [
        ("past_due", -3, "Your last payment did not go through"),
        ("past_due", -20, "Your votes and perks rest until one arrives"),
        ("active", -0.01, "The next payment is being made"),
        ("canceled", -3, "You have no running membership"),
        ("incomplete", None, "The first payment is on its way to us"),
    ],
)
def test_the_membership_is_told_as_it_is(session, client, ada, status, days, words):
    membership = session.query(Membership).one()
    membership.status = status
    membership.paid_until = None if days is None else clock.now() + timedelta(days=days)
    session.commit()
    assert words in client.get("/account/membership").text


def test_two_running_memberships_are_told_and_each_can_be_cancelled(session, client, ada):
    other = make.patron(session)
    second = session.query(Membership).filter_by(reader_id=other.reader_id).one()
    second.reader_id = ada.reader_id
    session.commit()
    page = client.get("/account/membership").text
    assert "more than one running membership" in page
    assert f"cancellation?membership={second.id}" in page
    assert client.get(f"/account/membership/cancellation?membership={second.id}").status_code == 200


def test_a_receipt_says_who_what_when_and_how(session, client, ada):
    receipt = paid(session, ada)
    page = client.get(f"/account/receipts/{receipt.number}").text
    for words in ("Lantern Press", "1 Quay, Port Example", "TEST 000", receipt.number, "€5", "Ada Invented",
                  "Visa card ending in 4242", "Membership “Member”"):  # fmt: skip
        assert words in page


def test_a_gift_is_receipted_as_a_gift(session, client, ada):
    receipt = paid(session, ada, kind="donation", method="sepa_debit", card_brand=None, card_last4=None)
    page = client.get(f"/account/receipts/{receipt.number}").text
    assert "One-time gift" in page and "SEPA direct debit" in page


def test_somebody_elses_receipt_does_not_exist(session, client, ada):
    receipt = paid(session, make.reader(session))
    assert client.get(f"/account/receipts/{receipt.number}").status_code == 404


@pytest.mark.parametrize("number", ["x", "2026", "2026-", "2026-1", "-1", "2026-²", "9" * 400, "2026-000001 "])
def test_a_number_that_is_none_is_nobodys(session, client, ada, number):
    paid(session, ada)
    assert client.get(f"/account/receipts/{number}").status_code == 404


def test_payments_are_a_readers_own(session, client, ada):
    mine, theirs = paid(session, ada), paid(session, make.reader(session))
    page = client.get("/account/payments").text
    assert mine.number in page and theirs.number not in page


def test_preferences_are_kept(session, client, ada):
    assert client.post("/account/preferences", data={"name": " Ada  B. ", "language": "en"}).status_code == 303
    session.expire_all()
    assert session.get(Person, ada.reader_id).name == "Ada B."


@pytest.mark.parametrize(("name", "language"), [("x" * 101, "en"), ("Ada", "tlh")])
def test_preferences_that_do_not_fit_are_refused_and_kept_on_the_page(session, client, ada, name, language):
    answer = client.post("/account/preferences", data={"name": name, "language": language})
    assert answer.status_code == 422
    session.expire_all()
    assert session.get(Person, ada.reader_id).name == "Ada Invented"


def test_a_name_cannot_become_markup(session, client, ada):
    client.post("/account/preferences", data={"name": "<b>Ada</b>", "language": "en"})
    assert "<b>Ada" not in client.get("/account").text

"""One person, one pledge: no second membership at checkout, and nobody learns who is a member."""

import re

import pytest
from sqlalchemy import func, select

from membership.giving.guard_models import PaymentCode
from membership.giving.models import Checkout
from membership.mail.models import Letter
from membership.web.limits import ChosenFigure
from tests import make
from tests.stripe_side import hidden_fields


@pytest.fixture
def patron(session, stripe_side):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None  # Stripe does not know it yet
    session.commit()
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


ONE_TIME = re.compile(r'name="(?:csrf_token|attempt)" value="[^"]*"')


def told(answer, email):
    """What somebody who watches the site sees of an answer, whoever's address it is about."""
    headers = {name: value for name, value in answer.headers if name not in {"Set-Cookie", "Content-Length", "X-Request-Id"}}
    return answer.status_code, headers, ONE_TIME.sub("", answer.text).replace(email, "EMAIL")


def test_a_patrons_address_and_that_of_somebody_we_know_otherwise_are_answered_alike(session, patron, app):
    """A reader who gave once, a patron of old, somebody in the team: to a stranger they all look like the patron."""
    make.lapsed_patron(session, "old@example.org")
    make.reader(session, "gave@example.org")
    make.staff(session, "editor", email="editor@example.org")
    emails = ["ada@example.org", "old@example.org", "gave@example.org", "editor@example.org"]
    first, again, wrong = [], [], []
    for email in emails:
        stranger = app.test_client()
        answer = join(stranger, email)
        first.append(told(answer, email))
        carried = hidden_fields(answer.text)
        again.append(told(stranger.post("/join", data=carried | {"by_letter": "1"}), email))
        wrong.append(told(stranger.post("/join", data=carried | {"code": "000 00x"}), email))
    assert first[1:] == first[:1] * 3 and again[1:] == again[:1] * 3 and wrong[1:] == wrong[:1] * 3
    assert first[0][0] == 200 and wrong[0][0] == 422 and "We have written to you" in first[0][2]
    assert count(session, Checkout) == 0
    letters = {row.address: row.kind for row in session.scalars(select(Letter))}
    assert letters == dict.fromkeys(emails[1:], "payment_code") | {"ada@example.org": "already_patron"}
    kept = session.scalars(select(PaymentCode)).all()
    assert sorted(row.wrong_codes for row in kept) == [0] * 4 + [1] * 4  # counted where no code was sent, too


def code_for(session, email):
    newest = select(Letter).where(Letter.address == email, Letter.kind == "payment_code").order_by(Letter.id.desc())
    return re.search(r"^(\d{6})$", session.scalars(newest).first().text, re.M)[1]


def test_who_was_a_patron_once_may_come_back_by_the_code_of_the_letter(session, patron, client, app):
    old = make.lapsed_patron(session, "old@example.org")
    carried = hidden_fields(join(client, "old@example.org").text)
    code = code_for(session, "old@example.org")
    elsewhere = app.test_client().post("/join", data=carried | {"code": code})
    assert elsewhere.status_code == 422  # another browser cannot use it
    assert client.post("/join", data=carried | {"code": "999999" if code != "999999" else "1"}).status_code == 422
    answer = client.post("/join", data=carried | {"code": f" {code[:3]} {code[3:]}"})
    assert answer.status_code == 303  # on to Stripe
    assert session.scalars(select(Checkout.reader_id)).one() == old.reader_id  # so that their Stripe customer stays one
    assert client.post("/join", data=carried).status_code == 303, "the same attempt again needs no second letter"
    other = hidden_fields(client.get("/join").text) | {"tier": "friend", "interval": "month", "email": "old@example.org"}
    assert client.post("/join", data=other | {"code": code}).status_code == 422  # used up
    assert count(session, Checkout) == 1


def test_the_fifth_wrong_code_voids_the_letter(session, patron, client):
    make.reader(session, "gave@example.org")
    carried = hidden_fields(join(client, "gave@example.org").text)
    code = code_for(session, "gave@example.org")
    for n in range(5):
        assert client.post("/join", data=carried | {"code": f"{(int(code) + 1 + n) % 1_000_000:06d}"}).status_code == 422
    assert client.post("/join", data=carried | {"code": code}).status_code == 422


def test_an_address_that_nobody_has_heard_of_goes_straight_on(session, patron, client):
    assert join(client, "new@example.org").status_code == 303  # on to Stripe
    assert count(session, Checkout) == 1 and count(session, Letter) == 0


def test_who_signed_in_with_the_address_goes_straight_on(session, patron, client):
    person = make.lapsed_patron(session, "old@example.org")
    make.sign_in(session, client, person)
    assert join(client, "old@example.org").status_code == 303


def test_staff_may_have_every_address_confirmed_so_that_all_are_answered_alike(session, patron, app):
    session.add(ChosenFigure(name="confirm_first", value=1))
    session.commit()
    seen = [told(join(app.test_client(), email), email) for email in ("ada@example.org", "new@example.org")]
    assert seen[0] == seen[1] and count(session, Checkout) == 0
    stranger = app.test_client()
    carried = hidden_fields(join(stranger, "new@example.org").text)
    assert stranger.post("/join", data=carried | {"code": code_for(session, "new@example.org")}).status_code == 303


def test_the_browser_that_gave_once_goes_straight_on_to_a_membership(session, stripe_side, app, client):
    make.tier(session, "friend", monthly=500).stripe_product_id = None
    session.commit()
    stripe_side.pay(stripe_side.give(email="new@example.org"))
    stripe_side.settle()
    assert "We have written to you" in join(app.test_client(), "new@example.org").text
    assert join(client, "new@example.org").status_code == 303

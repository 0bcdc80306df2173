"""The members' link and the staff's page about perks, over HTTP."""

import re
import time
from urllib.parse import parse_qs

import pytest
from itsdangerous import TimestampSigner
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from membership import clock
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.perks import actions, queries
from membership.perks.models import Perk, PerkTier
from membership.readers.models import Person
from tests import make
from tests.perks.test_actions import link


@pytest.fixture
def granted(session):
    ada = make.patron(session)
    link(session)
    actions.grant_perks(session, ada.reader_id, at=clock.now())
    session.commit()
    return queries.grants_of(session, ada.reader_id)[0][0]


@pytest.fixture
def token(session, granted):
    """The end of the address in the letter."""
    text = session.scalars(select(Letter.text).where(Letter.kind == "perk_link")).one()
    [found] = re.findall(r"/perks/(\S+)\n", text.replace("/account/perks\n", "\n"))
    return found


def test_a_members_link_opens_without_signing_in_and_carries_a_pass_that_another_site_can_verify(client, granted, token):
    answer = client.get(f"/perks/{token}")
    to, query = answer.location.split("?")
    carried = parse_qs(query)
    assert (answer.status_code, to, carried["code"]) == (303, "https://lantern.example/members", [granted.code])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    read = jwt.decode(carried["pass"][0], KeySet.import_key_set(client.get("/oauth/jwks.json").json))
    claims = read.claims
    assert (claims["aud"], claims["standing"], claims["code"]) == ("https://lantern.example", "good", granted.code)
    assert claims["exp"] - claims["iat"] == 600


def test_a_members_link_is_good_for_a_week_and_opens_from_the_account_after_that(
    session, client, granted, token, monkeypatch
):
    now = time.time()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(now + 7 * 86_400 + 60))
    late = client.get(f"/perks/{token}")
    assert late.status_code == 403 and "from your account" in late.text
    assert client.get(f"/account/perks/{granted.id}/link").location.startswith("/sign-in")
    make.sign_in(session, client, session.get(Person, granted.reader_id))
    assert f"/account/perks/{granted.id}/link" in client.get("/account/perks").text
    assert client.get(f"/account/perks/{granted.id}/link").location.startswith("https://lantern.example/members?code=")
    make.sign_in(session, client, make.patron(session, "bo@example.org"))
    assert client.get(f"/account/perks/{granted.id}/link").status_code == 404, "somebody else's"


def test_a_members_link_rests_without_standing(session, client, granted, token):
    session.scalars(select(Membership)).one().status = "canceled"
    session.commit()
    answer = client.get(f"/perks/{token}")
    assert answer.status_code == 403
    assert "opens again as soon as" in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("forged", ["x", "%00", "a" * 500, "MQ.aaaaaa.bbbbbb"])
def test_an_address_that_we_have_not_made_leads_nowhere(client, granted, forged):
    assert client.get(f"/perks/{forged}").status_code == 404


def test_a_code_alone_opens_nothing(client, granted):
    for code in (granted.code.lower(), "7KQM-2XPA-R9DH-WC4T"):
        assert client.get(f"/perks/{code}").location == "/account/perks"


def test_a_retired_perks_link_leads_nowhere(session, client, granted, token):
    session.scalars(select(Perk)).one().retired_at = clock.now()
    session.commit()
    assert client.get(f"/perks/{token}").status_code == 404


def test_a_manager_makes_and_retires_a_perk(session, client):
    make.sign_in(session, client, make.staff(session, "manager"))
    tier, other = make.tier(session, "gold"), make.tier(session, "plain")
    empty = client.get("/staff/perks")
    assert "There is no perk yet" in empty.text
    typed = {"title": "The notebook", "blurb": "Notes.", "address": "https://lantern.example/m", "tiers": [tier.id]}
    assert client.post("/staff/perks/new/link", data=typed).status_code == 303
    perk = session.scalars(select(Perk)).one()
    assert session.scalars(select(PerkTier.tier_id)).all() == [tier.id] != [other.id]
    page = client.get("/staff/perks").text
    assert "The notebook" in page and "Gold" in page
    assert client.post(f"/staff/perks/{perk.id}/retirement").status_code == 303
    session.expire_all()
    assert perk.retired_at is not None
    assert "retired on" in client.get("/staff/perks").text


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("address", "http://lantern.example/", "begins with https://"),
        ("title", " ", "Please write a title."),
        ("blurb", "", "Please say what patrons get."),
    ],
)
def test_what_was_typed_is_kept_beside_a_clear_word(session, client, field, value, word):
    make.sign_in(session, client, make.staff(session, "manager"))
    typed = {"title": "The notebook", "blurb": "Notes.", "address": "https://lantern.example/m"} | {field: value}
    answer = client.post("/staff/perks/new/link", data=typed)
    assert answer.status_code == 422
    assert word in answer.text and (field == "title" or "The notebook" in answer.text)
    assert session.scalars(select(Perk)).all() == []


def test_a_form_sent_twice_makes_one_perk(session, client):
    make.sign_in(session, client, make.staff(session, "manager"))
    typed = {"title": "The notebook", "blurb": "Notes.", "address": "https://lantern.example/m"}
    assert [client.post("/staff/perks/new/link", data=typed).status_code for _ in range(2)] == [303, 409]
    assert len(session.scalars(select(Perk)).all()) == 1


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_perks_are_a_managers(session, client, role):
    make.sign_in(session, client, make.staff(session, role))
    assert client.get("/staff/perks").status_code == 403
    assert client.post("/staff/perks/new/link", data={"title": "x"}).status_code == 403

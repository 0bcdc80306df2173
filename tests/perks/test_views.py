"""The members' link and the staff's page about perks, over HTTP."""

import pytest
from sqlalchemy import select

from membership import clock
from membership.memberships.models import Membership
from membership.perks import actions, queries
from membership.perks.models import Perk, PerkTier
from tests import make
from tests.perks.test_actions import link


@pytest.fixture
def granted(session):
    ada = make.patron(session)
    link(session)
    actions.grant_perks(session, ada.reader_id, at=clock.now())
    session.commit()
    return queries.grants_of(session, ada.reader_id)[0][0]


def test_a_members_link_opens_without_signing_in_and_carries_the_code(client, granted):
    answer = client.get(f"/perks/{granted.code.lower()}")
    assert (answer.status_code, answer.location) == (303, f"https://lantern.example/members?code={granted.code}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_members_link_rests_without_standing(session, client, granted):
    session.scalars(select(Membership)).one().status = "canceled"
    session.commit()
    answer = client.get(f"/perks/{granted.code}")
    assert answer.status_code == 403
    assert "opens again as soon as" in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("code", ["7KQM-2XPA-R9DH-WC4T", "x", "%00", "a" * 500])
def test_a_code_that_nobody_has_leads_nowhere(client, granted, code):
    assert client.get(f"/perks/{code}").status_code == 404


def test_a_retired_perks_link_leads_nowhere(session, client, granted):
    session.scalars(select(Perk)).one().retired_at = clock.now()
    session.commit()
    assert client.get(f"/perks/{granted.code}").status_code == 404


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

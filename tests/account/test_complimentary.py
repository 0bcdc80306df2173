"""Complimentary memberships: given by staff with a reason, to a reader or an address, until a day, and ended early."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from membership import clock
from membership.app import all_tasks
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.memberships import given
from membership.memberships.given_models import GivenMembership
from membership.memberships.rules import NotAnEnd, OverAlready, UnknownTier
from membership.memberships.standing import has_standing, standings_of
from membership.perks.actions import make_perk
from membership.perks.models import PerkGrant
from membership.readers.queries import person_by_email
from membership.readers.trail import AuditEntry
from tests import make
from tests.make import NOON

DAY = timedelta(days=1)


@pytest.fixture
def manager(session, client):
    person = make.staff(session, "manager", name="Mina Sample")
    make.sign_in(session, client, person)
    return person


def letters_to(session, reader_id):
    rows = session.scalars(select(Letter).where(Letter.reader_id == reader_id).order_by(Letter.id)).all()
    return [letter.kind for letter in rows]


def give(session, person, *, tier, by, days=60, key="form-1", at=NOON):
    made = given.give_complimentary(
        session, person, tier_id=tier.id, ends_at=at + days * DAY, reason="jury", key=key, by=by.reader_id, at=at
    )
    session.commit()
    return made


def due_jobs(session):
    return {job.key: job.due_at for job in session.scalars(select(Job)).all()}


def test_it_is_given_once_with_its_letter_its_perks_and_a_line_in_the_trail(session, manager):
    tier, person = make.tier(session), make.reader(session)
    first = give(session, person, tier=tier, by=manager)
    again = give(session, person, tier=tier, by=manager)
    assert first.id == again.id
    assert [one.source for one in standings_of(session, person.reader_id, NOON)] == ["complimentary"]
    assert not has_standing(session, person.reader_id, NOON + 60 * DAY)
    assert letters_to(session, person.reader_id) == ["complimentary"]
    assert f"perks:{person.reader_id}" in due_jobs(session)
    acts = session.scalars(select(AuditEntry).where(AuditEntry.action == "membership:given")).all()
    assert [(act.actor_id, act.detail["reader"]) for act in acts] == [(manager.reader_id, person.reader_id)]


@pytest.mark.parametrize("days", [0, -1, 5 * 366 + 1])
def test_it_ends_after_today_and_within_five_years(session, manager, days):
    with pytest.raises(NotAnEnd):
        give(session, make.reader(session), tier=make.tier(session), by=manager, days=days)


def test_it_is_of_a_tier_on_offer(session, manager):
    tier = make.tier(session)
    tier.archived_at = NOON
    with pytest.raises(UnknownTier):
        give(session, make.reader(session), tier=tier, by=manager)


def test_its_reader_is_told_before_the_end_and_at_the_end(session, manager):
    person = make.reader(session)
    row = give(session, person, tier=make.tier(session), by=manager)
    given.follow(session, row.id, at=NOON)
    assert due_jobs(session)[f"given:{row.id}"] == NOON  # the one that was posted with it
    session.execute(update(Job).values(due_at=NOON + 900 * DAY))
    given.follow(session, row.id, at=NOON)
    assert due_jobs(session)[f"given:{row.id}"] == NOON + 46 * DAY
    given.follow(session, row.id, at=NOON + 46 * DAY)
    given.follow(session, row.id, at=NOON + 50 * DAY)
    assert letters_to(session, person.reader_id) == ["complimentary", "given_ends"]
    given.follow(session, row.id, at=NOON + 60 * DAY)
    given.follow(session, row.id, at=NOON + 61 * DAY)
    assert letters_to(session, person.reader_id) == ["complimentary", "given_ends", "given_ended"]


def test_the_last_letter_says_when_its_reader_stays_a_member(session, manager):
    person = make.patron(session, paid_until=NOON + 90 * DAY)
    row = give(session, person, tier=make.tier(session), by=manager, days=20)
    given.follow(session, row.id, at=NOON + 20 * DAY)
    letter = session.scalars(select(Letter).where(Letter.kind == "given_ended")).one()
    assert "You stay a member" in letter.text and "/join" not in letter.text


def test_staff_end_it_early_once(session, manager):
    person = make.reader(session)
    row = give(session, person, tier=make.tier(session), by=manager)
    given.end_early(session, row.id, by=manager.reader_id, at=NOON + DAY)
    assert not has_standing(session, person.reader_id, NOON + DAY)
    assert has_standing(session, person.reader_id, NOON + DAY / 2)
    with pytest.raises(OverAlready):
        given.end_early(session, row.id, by=manager.reader_id, at=NOON + 2 * DAY)
    given.follow(session, row.id, at=NOON + DAY)
    assert letters_to(session, person.reader_id) == ["complimentary", "given_ended"]


def test_an_address_that_nobody_is_known_by_gets_one(session, client, manager):
    tier = make.tier(session)
    make_perk(
        session,
        kind="link",
        title="Members' room",
        blurb="",
        address="https://club.example/",
        tier_ids=[],
        by=manager.reader_id,
        at=NOON,
    )
    session.commit()
    until = (clock.now() + 40 * DAY).date().isoformat()
    fields = {
        "email": "new@example.org",
        "name": "Nora Sample",
        "tier": tier.id,
        "until": until,
        "reason": "Gave a talk",
    }
    page = client.get("/staff/complimentary")
    assert "There is none." in page.text
    answer = client.post("/staff/complimentary", data=fields)
    assert answer.status_code == 303, answer.text
    person = person_by_email(session, "new@example.org")
    assert person.name == "Nora Sample" and answer.location == f"/staff/patrons/{person.reader_id}"
    while run_one(all_tasks()):
        pass
    assert has_standing(session, person.reader_id, clock.now())
    grants = session.scalars(select(PerkGrant).where(PerkGrant.reader_id == person.reader_id)).all()
    assert len(grants) == 1
    listed = client.get("/staff/complimentary").text
    assert "Nora Sample" in listed and "Gave a talk" in listed and "Mina Sample" in listed


def test_the_readers_page_offers_it_and_ends_it(session, client, manager):
    tier, person = make.tier(session), make.reader(session, name="Rolf Sample")
    here = f"/staff/patrons/{person.reader_id}"
    until = (clock.now() + 40 * DAY).date().isoformat()
    form = {"tier": tier.id, "until": until, "reason": "Volunteer", "attempt": "a" * 20}
    assert "Rolf Sample" in client.get(f"{here}/complimentary").text
    assert client.post(f"{here}/complimentary", data=form | {"until": "2020-01-01"}).status_code == 422
    assert client.post(f"{here}/complimentary", data=form | {"reason": ""}).status_code == 422
    assert client.post(f"{here}/complimentary", data=form).status_code == 303
    assert client.post(f"{here}/complimentary", data=form).status_code == 303
    row = session.scalars(select(GivenMembership)).one()
    page = client.get(here).text
    assert "Volunteer" in page and "End it today" in page
    assert client.post(f"/staff/complimentary/{row.id}/ending").status_code == 303
    assert client.post(f"/staff/complimentary/{row.id}/ending").status_code == 409
    assert not has_standing(session, person.reader_id, clock.now())
    assert "End it today" not in client.get(here).text


def test_its_reader_sees_it_in_the_account(session, client):
    row = make.given(session, begins_at=clock.now() - DAY)
    make.sign_in(session, client, session.get(make.Person, row.reader_id))
    for path in ("/account", "/account/membership"):
        assert "You have a complimentary membership" in client.get(path).text
    row.ends_at = clock.now()
    session.commit()
    assert "complimentary" not in client.get("/account").text


def test_only_managers_give(session, client):
    make.sign_in(session, client, make.staff(session, "editor"))
    assert client.get("/staff/complimentary").status_code == 403
    assert client.post("/staff/complimentary").status_code == 403

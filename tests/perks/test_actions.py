"""Issuing perks: once, to those who have standing in the right tier."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.jobs import queue
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.perks import actions, queries
from membership.perks.models import PerkGrant
from membership.perks.rules import NotAnAddress, TitleTaken
from membership.perks.tasks import TASKS
from membership.readers.trail import AuditEntry
from tests import make


def link(session, title="The notebook", tiers=(), address="https://lantern.example/members"):
    manager = make.staff(session, "manager")
    perk = actions.make_perk(
        session, kind="link", title=title, blurb="Notes behind our stories.", address=address, tier_ids=tiers,
        by=manager.reader_id, at=clock.now(),
    )  # fmt: skip
    session.commit()
    return perk


def work(session):
    while run_one({**TASKS, "mail.send": _leave}):
        session.expire_all()


def _leave(job):
    with queue.finishing(job):
        pass


def test_a_job_that_runs_twice_issues_one_grant_and_one_letter(session):
    ada = make.patron(session, "ada@example.org", name="Ada Invented")
    link(session)
    for _ in range(2):
        queue.post(session, "perks.grant", f"perks:{ada.reader_id}", {"reader": ada.reader_id}, due_at=clock.now())
        session.commit()
        work(session)
    [(grant, perk)] = queries.grants_of(session, ada.reader_id)
    letter = session.scalars(select(Letter).where(Letter.kind == "perk_link")).one()
    assert letter.key == f"perk:{grant.id}"
    assert letter.subject == "Your members' link: The notebook"
    assert "http://127.0.0.1:8000/perks/" in letter.text and grant.code in letter.text
    assert letter.address == "ada@example.org" and letter.reader_id == ada.reader_id
    assert perk.title == "The notebook"


def test_what_is_issued_at_once_is_told_in_one_letter(session):
    ada = make.patron(session, "ada@example.org", name="Ada Invented")
    link(session)
    actions.make_perk(
        session, kind="thing", title="A mug", blurb="With the harbour on it.", tier_ids=[], by=ada.reader_id, at=clock.now()
    )
    assert actions.grant_perks(session, ada.reader_id, at=clock.now()) == 2
    letter = session.scalars(select(Letter).where(Letter.kind.like("perk%"))).one()
    assert letter.kind == "perks_issued"
    for words in ("The notebook", "http://127.0.0.1:8000/perks/", "A mug", "With the harbour on it.", "where to send it"):
        assert letter.text.count(words) == 1, words
    assert "\n\n\n" not in letter.text


def test_only_those_with_standing_in_its_tiers_get_a_perk(session):
    gold, plain = make.tier(session), make.tier(session)
    golden, other = make.patron(session, tier_row=gold), make.patron(session, tier_row=plain)
    lapsed = make.lapsed_patron(session, tier_row=gold)
    stranger = make.reader(session)
    link(session, tiers=[gold.id])
    for person in (golden, other, lapsed, stranger):
        actions.grant_perks(session, person.reader_id, at=clock.now())
    assert session.scalars(select(PerkGrant.reader_id)).all() == [golden.reader_id]


def test_a_new_perk_reaches_those_who_are_patrons_already(session):
    patrons = [make.patron(session) for _ in range(3)]
    make.lapsed_patron(session)
    link(session)
    work(session)
    assert sorted(session.scalars(select(PerkGrant.reader_id))) == [person.reader_id for person in patrons]


def test_a_new_perk_is_issued_in_several_turns(session, monkeypatch):
    monkeypatch.setattr(actions, "READERS_AT_ONCE", 2)
    patrons = [make.patron(session).reader_id for _ in range(4)]
    perk = link(session)
    assert actions.issue_to_all(session, perk.id, after=0, at=clock.now()) == 2
    session.commit()
    assert session.scalars(select(Job).where(Job.name == "perks.issue")).one().payload["after"] == patrons[1]
    work(session)
    assert sorted(session.scalars(select(PerkGrant.reader_id))) == patrons


def test_readers_with_standing_are_those_of_whom_the_rule_says_so(session):
    now = clock.now()
    patrons = [make.patron(session), make.patron(session, paid_until=now - timedelta(days=13), status="past_due")]
    make.patron(session, paid_until=now - timedelta(days=15), status="past_due")
    make.patron(session, status="incomplete")
    make.lapsed_patron(session)
    assert queries.readers_with_standing(session, now) == [person.reader_id for person in patrons]


def test_codes_differ(session):
    for _ in range(5):
        make.patron(session)
    link(session)
    work(session)
    assert len(set(session.scalars(select(PerkGrant.code)))) == 5


def test_a_retired_perk_is_issued_no_more(session):
    ada = make.patron(session)
    perk = link(session)
    actions.retire(session, perk.id, by=ada.reader_id, at=clock.now())
    assert actions.grant_perks(session, ada.reader_id, at=clock.now()) == 0


def test_making_a_perk_is_noted_and_a_second_of_its_title_refused(session):
    perk = link(session)
    with pytest.raises(TitleTaken):
        link(session, title="the NOTEBOOK")
    noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "perk:made")).one()
    assert noted.object == f"perk/{perk.id}"
    assert session.scalars(select(Job).where(Job.name == "perks.issue")).one().payload == {"perk": perk.id}


def test_a_perk_never_leads_to_an_unsafe_address(session):
    with pytest.raises(NotAnAddress):
        link(session, address="http://lantern.example/")

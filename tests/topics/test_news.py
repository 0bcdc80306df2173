"""Proposers and supporters are told of each change, once, and can stop the letters with one switch."""

import re
from email import message_from_bytes, policy

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.app import all_tasks
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.readers.models import LetterRefusal
from membership.readers.wishes import SORTS
from membership.topics import actions, editing, news
from membership.topics.models import TopicDecision, TopicSupport
from tests import make
from tests.topics.test_views import proposed

SWITCH = r'<input checked[^>]*name="(\w+)"'


def work():
    while run_one(all_tasks()):
        pass


def told(session, kind="topic_news"):
    return session.execute(
        select(Letter.reader_id, Letter.subject).where(Letter.kind == kind).order_by(Letter.id)
    ).all()


CHANGES = {
    "accepted": lambda s, t: actions.accept(s, t.id, by=t.proposer_id, at=clock.now()),
    "declined": lambda s, t: actions.decline(s, t.id, by=t.proposer_id, reason="It was reported.", at=clock.now()),
    "needs_facts": lambda s, t: actions.ask_for_facts(s, t.id, by=t.proposer_id, reason="Which quay?", at=clock.now()),
} | {
    kind: lambda s, t, kind=kind: actions.note_step(
        s, t.id, kind, title="2026-12-14" if kind == "dated" else "Autumn", address="/ballots/autumn", at=clock.now()
    )
    for kind in sorted(news.TOLD_STEPS)
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_each_change_is_told_once_to_each(session, kind):
    topic, patron = proposed(session), make.patron(session, name="Ada Sample")
    actions.support(session, topic.id, patron.reader_id, at=clock.now())
    CHANGES[kind](session, topic)
    session.commit()
    work()
    for change in session.scalars(select(TopicDecision.id)):  # a turn that runs again tells nobody twice
        news.post_news(session, topic.id, f"decision:{change}", at=clock.now())
    session.commit()
    work()
    assert [reader for reader, _ in told(session)] == [topic.proposer_id, patron.reader_id]
    text = session.scalars(select(Letter.text).where(Letter.reader_id == patron.reader_id)).one()
    assert "Dear Ada Sample" in text and "None" not in text and "/letters/stop/" in text
    assert ("Which quay?" in text) == (kind == "needs_facts") and ("It was reported." in text) == (kind == "declined")


def test_what_others_tell_is_not_told_here(session):
    topic = proposed(session)
    for kind in ("promised", "published", "called_off"):
        actions.note_step(session, topic.id, kind, title="", address="/promises#promise-1", at=clock.now())
    session.commit()
    work()
    assert told(session) == []


def test_those_of_a_merged_topic_are_told_and_then_stand_behind_the_other_alone(session):
    first, second = proposed(session), proposed(session, attempt="b", title="To whom do the quays belong?")
    editing.merge(session, first.id, second.id, by=first.proposer_id, at=clock.now())
    session.commit()
    work()
    assert [reader for reader, _ in told(session)] == [first.proposer_id]
    assert session.scalars(select(TopicSupport.topic_id).distinct()).all() == [second.id]
    assert f"/topics/{second.slug}" in session.scalars(select(Letter.text)).one()


def test_many_supporters_are_told_in_turns(session, monkeypatch):
    monkeypatch.setattr(news, "LETTERS_AT_ONCE", 2)
    topic = proposed(session)
    for _ in range(4):
        actions.support(session, topic.id, make.patron(session).reader_id, at=clock.now())
    actions.accept(session, topic.id, by=topic.proposer_id, at=clock.now())
    session.commit()
    turns = 0
    while session.scalar(select(func.count()).where(Job.name == "topics.tell")):
        before = len(told(session))
        assert run_one(all_tasks())
        session.expire_all()
        assert len(told(session)) - before <= 2
        turns += 1
    assert len(told(session)) == 5 and turns >= 3


def test_one_switch_stops_the_letters_and_brings_them_back(session, client):
    topic = proposed(session)
    actions.accept(session, topic.id, by=topic.proposer_id, at=clock.now())
    session.commit()
    work()
    text = session.scalars(select(Letter.text)).one()
    address = re.search(r"http://127.0.0.1:8000(/letters/stop/\S+)", text)[1]
    assert "Stop these letters?" in client.get(address).text
    assert session.scalars(select(LetterRefusal)).all() == []  # mail filters open links; nothing happens by that
    for _ in range(2):
        answer = client.post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200 and "no more of these letters" in answer.text
    actions.ask_for_facts(session, topic.id, by=topic.proposer_id, reason="Which quay?", at=clock.now())
    session.commit()
    work()
    assert len(told(session)) == 1
    assert "Stop these letters?" in client.post(address, data={"again": "1"}).text
    actions.accept(session, topic.id, by=topic.proposer_id, at=clock.now())
    session.commit()
    work()
    assert len(told(session)) == 2
    assert client.get(address[:-2]).status_code == 404 and client.post("/letters/stop/x.y").status_code == 404


def test_the_switch_stands_among_the_preferences(session, client):
    patron = make.patron(session, name="Ada Sample")
    make.sign_in(session, client, patron)
    page = client.get("/account/preferences").text
    assert set(re.findall(SWITCH, page)) == set(SORTS)
    form = {"name": "Ada Sample", "language": "en", "stories": "y", "bulletins": "y"}
    assert client.post("/account/preferences", data=form).status_code == 303
    assert set(session.scalars(select(LetterRefusal.sort))) == set(SORTS) - {"stories", "bulletins"}
    page = client.get("/account/preferences").text
    assert re.findall(SWITCH, page) == ["bulletins", "stories"]


def test_mail_programs_find_their_own_button(session, letters):
    topic = proposed(session)
    actions.accept(session, topic.id, by=topic.proposer_id, at=clock.now())
    session.commit()
    work()
    number = session.scalars(select(Letter.id)).one()
    message = message_from_bytes((letters / f"{number:08d}.eml").read_bytes(), policy=policy.default)
    assert message["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/letters/stop/")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

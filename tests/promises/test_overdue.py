"""A promise that is late: staff are told the day after, readers later, with the reason; a moved day is told of anew."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.app import all_tasks
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.promises import actions, overdue, queries
from membership.promises.models import Promise
from membership.readers import wishes
from tests import make
from tests.ballots.helpers import patrons
from tests.promises.test_promises import counted, work


@pytest.fixture
def promised(session):
    """A promise for tomorrow, asked for by two voters; its editor."""
    voters = patrons(session, 2)
    counted(session, voters)
    promise = session.scalars(select(Promise)).one()
    editor = make.staff(session, "editor").reader_id
    due = clock.now().date() + timedelta(days=1)
    actions.set_date(session, promise.id, editor_id=editor, due_on=due, by=editor, at=clock.now())
    session.commit()
    return promise, editor, voters


@pytest.fixture
def go_on(monkeypatch, promised):
    """Let days pass, and the worker do what is due."""
    ahead = timedelta()
    real = clock.now

    def days(number):
        nonlocal ahead
        ahead += timedelta(days=number)
        monkeypatch.setattr(clock, "now", lambda: real() + ahead)
        while run_one(all_tasks()):
            pass
        return clock.now()

    return days


def letters(session, kind):
    found = select(Letter.reader_id).where(Letter.kind == kind).order_by(Letter.id)
    return list(session.scalars(found))


def test_staff_hear_the_day_after_and_readers_after_the_set_days_each_once(session, client, promised, go_on):
    promise, editor, voters = promised
    go_on(1)
    assert letters(session, "promise_late_staff") == []
    at = go_on(1)
    assert editor in letters(session, "promise_late_staff") and letters(session, "promise_late") == []
    actions.explain_delay(session, promise.id, reason="The archive was closed for a month.", by=editor, at=at)
    session.commit()
    assert "The archive was closed for a month." in client.get("/promises").text
    go_on(6)
    assert letters(session, "promise_late") == []
    go_on(1)
    told = letters(session, "promise_late")
    assert {one.reader_id for one in voters} <= set(told) and len(told) == len(set(told)) == 3
    texts = session.scalars(select(Letter.text).where(Letter.kind == "promise_late")).all()
    assert all("The archive was closed for a month." in text and "/letters/stop/" in text for text in texts)
    overdue.tell_staff(session, promise.id, at=clock.now())
    session.commit()
    go_on(3)
    assert letters(session, "promise_late") == told and len(letters(session, "promise_late_staff")) == 2


def test_a_day_that_is_moved_in_time_is_told_to_nobody_and_missed_again_it_is(session, promised, go_on):
    promise, editor, _voters = promised
    at = go_on(1)
    actions.set_date(session, promise.id, editor_id=editor, due_on=promise.due_on + timedelta(days=5), by=editor, at=at)
    session.commit()
    go_on(4)
    assert letters(session, "promise_late_staff") == []
    go_on(2)
    assert editor in letters(session, "promise_late_staff")


def test_what_is_published_in_the_meantime_is_not_called_late(session, promised, go_on):
    promise, editor, _voters = promised
    at = go_on(2)
    actions.publish(session, promise.id, url="https://lantern.example/x", title="The story", by=editor, at=at)
    session.commit()
    go_on(10)
    assert letters(session, "promise_late") == [] and len(letters(session, "story_is_out")) == 3


def test_staff_set_after_how_many_days_readers_hear(session, client, promised, go_on):
    make.sign_in(session, client, session.get(make.Person, promised[1]))
    for wrong in ("-1", "366", "many", ""):
        answer = client.post("/staff/promises/lateness", data={"days": wrong})
        assert answer.status_code == 422 and "from 0 to 365" in answer.text
    for days in ("3", "0"):
        assert client.post("/staff/promises/lateness", data={"days": days}).status_code == 303
    assert queries.late_after(session) == 0
    go_on(2)
    assert len(letters(session, "promise_late")) == 3


def test_who_does_not_wish_to_hear_hears_of_neither(session, promised, go_on):
    promise, editor, voters = promised
    wishes.wish(session, voters[0].reader_id, "stories", wanted=False, at=clock.now())
    session.commit()
    assert queries.number_to_tell(session, promise) == 2
    at = go_on(9)
    actions.publish(session, promise.id, url="https://lantern.example/x", title="The story", by=editor, at=at)
    session.commit()
    work()
    for kind in ("promise_late", "story_is_out"):
        assert len(letters(session, kind)) == 2 and voters[0].reader_id not in letters(session, kind)

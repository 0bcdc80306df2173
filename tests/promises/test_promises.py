"""From a counted ballot to the letter that says: here it is."""

from datetime import date, timedelta

import pytest
from babel.dates import format_date
from sqlalchemy import func, select

from membership import clock
from membership.app import all_tasks
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.newsroom.models import Newsroom
from membership.promises import actions, queries, rules
from membership.promises.models import Promise, PromiseStep
from membership.readers.trail import AuditEntry
from membership.topics import actions as topics
from membership.topics.queries import on_ballot_choices
from tests import make
from tests.ballots.helpers import HOUR, ballot, cast, patrons

TODAY = date(2026, 11, 23)


def work() -> None:
    while run_one(all_tasks()):
        pass


def counted(session, voters, *, seats=1, options=3):
    """A ballot that these patrons voted on and that the worker has counted."""
    made = ballot(session, at=clock.now() - 2 * HOUR, closes_at=clock.now() - HOUR, seats=seats, options=options)
    for who in voters:
        cast(session, made, who, *range(1, seats + 1), at=clock.now() - 2 * HOUR)
    work()
    session.expire_all()
    return made


@pytest.mark.parametrize(
    ("due_on", "fine"),
    [(TODAY, True), (TODAY + timedelta(days=30), True), (TODAY - timedelta(days=1), False), (date(2036, 1, 1), False)],
)
def test_a_promised_date_lies_ahead_and_not_too_far(due_on, fine):
    if fine:
        assert rules.check_date(due_on, today=TODAY) == due_on
    else:
        with pytest.raises(rules.DateNotAhead):
            rules.check_date(due_on, today=TODAY)


@pytest.mark.parametrize(
    ("state", "due_on", "late"),
    [
        ("accepted", None, False),
        ("reporting", TODAY, False),
        ("reporting", TODAY - timedelta(days=1), True),
        ("published", TODAY - timedelta(days=1), False),
    ],
)
def test_a_promise_is_late_when_its_day_has_passed(state, due_on, late):
    assert rules.is_late(state=state, due_on=due_on, today=TODAY) is late


def test_the_page_is_empty_with_a_word(client):
    assert "The first promise will stand here" in client.get("/promises").text


def test_each_winner_becomes_one_promise_however_often_the_job_runs(session, client):
    made = counted(session, patrons(session, 2), seats=2)
    for _ in range(2):
        actions.make(session, made.id, at=clock.now())
        session.commit()
    lines = queries.listed(session, clock.now())
    assert sorted(line.title for line in lines) == ["Harbour question 1", "Harbour question 2"]
    assert session.scalar(select(func.count()).select_from(PromiseStep)) == 2
    assert "Waiting for an editor" in client.get("/promises").text
    topic_page = client.get(f"/topics/{lines[0].topic_slug}").text
    assert "Chosen by patrons" in topic_page and "owes you this story" in topic_page
    assert [line.title for line in on_ballot_choices(session)] == [
        "Harbour question 3"
    ]  # what won need not stand again
    assert "Chosen, and promised" in client.get("/topics").text


def test_an_editor_takes_it_up_and_everybody_sees_who_and_until_when(session, client):
    counted(session, patrons(session, 1))
    promise = session.scalars(select(Promise)).one()
    editor = make.staff(session, "editor", name="Edda Example")
    make.sign_in(session, client, editor)
    due = (clock.now() + timedelta(days=20)).date()
    for _ in range(2):
        form = {"editor": editor.reader_id, "due_on": due.isoformat()}
        assert client.post(f"/staff/promises/{promise.id}/date", data=form).status_code == 303
    manage = client.get(f"/staff/promises/{promise.id}").text
    assert f"Promised for {format_date(due, 'd MMMM y', locale='en')}." in manage
    page = client.get("/promises").text
    assert "Edda Example" in page and due.isoformat() in page and "Being reported" in page
    assert session.scalar(select(func.count()).where(PromiseStep.kind == "dated")) == 1
    assert session.scalars(select(AuditEntry.action)).all().count("promise:dated") == 1


@pytest.mark.parametrize(("role", "fine"), [("viewer", False), ("editor", True), ("manager", True), ("admin", True)])
def test_whoever_may_take_a_promise_up_can_be_named_on_it(session, client, role, fine):
    counted(session, patrons(session, 1))
    promise = session.scalars(select(Promise)).one()
    named = make.staff(session, role, name="Nora Named")
    make.sign_in(session, client, make.staff(session, "editor"))
    assert ("Nora Named" in client.get(f"/staff/promises/{promise.id}").text) == fine
    form = {"editor": named.reader_id, "due_on": (clock.now() + timedelta(days=20)).date().isoformat()}
    assert client.post(f"/staff/promises/{promise.id}/date", data=form).status_code == (303 if fine else 422)


@pytest.mark.parametrize(("zone", "late"), [("Pacific/Auckland", True), ("UTC", False), ("America/Los_Angeles", False)])
def test_a_promised_day_ends_when_it_ends_at_the_newsroom(session, zone, late):
    """Noon of the day in UTC: in Auckland the next one has begun."""
    counted(session, patrons(session, 1))
    promise = session.scalars(select(Promise)).one()
    editor = make.staff(session, "editor").reader_id
    session.get_one(Newsroom, 1).time_zone = zone
    noon = (clock.now() + timedelta(days=9)).replace(hour=12)
    named = {"editor_id": editor, "by": editor}
    if late:
        with pytest.raises(rules.DateNotAhead):
            actions.set_date(session, promise.id, due_on=noon.date(), at=noon, **named)
    actions.set_date(session, promise.id, due_on=noon.date(), at=noon - timedelta(days=2), **named)
    assert [line.late for line in queries.listed(session, noon)] == [late]


def test_those_who_asked_get_one_letter_each_with_the_story(session, client):
    voters = patrons(session, 4)
    made = counted(session, voters[:2])
    promise = session.scalars(select(Promise)).one()
    topics.support(session, promise.topic_id, voters[2].reader_id, at=clock.now())
    editor = session.get(Promise, promise.id) and make.staff(session, "editor")
    session.commit()
    make.sign_in(session, client, editor)
    form = {"url": "https://lantern.example/harbour", "title": "The harbour has a new owner"}
    assert client.post(f"/staff/promises/{promise.id}/story", data=form).status_code == 303
    assert session.scalar(select(func.count()).where(Letter.kind == "story_is_out")) == 0  # not in the web request
    work()
    for _ in range(2):
        actions.report_back(session, promise.id, after=0, at=clock.now())
        session.commit()
    work()
    letters = session.scalars(select(Letter).where(Letter.kind == "story_is_out")).all()
    told = {voters[0].reader_id, voters[1].reader_id, voters[2].reader_id, made.made_by}  # its editor proposed it
    assert {letter.reader_id for letter in letters} == told and len(letters) == 4
    assert all("https://lantern.example/harbour" in letter.text for letter in letters)
    assert all(letter.subject == "You asked, here it is: The harbour has a new owner" for letter in letters)
    page = client.get("/promises").text
    assert "Kept" in page and "The harbour has a new owner" in page
    assert [line.title for line in queries.stories_for(session, voters[0].reader_id)] == ["The harbour has a new owner"]
    assert queries.stories_for(session, voters[3].reader_id) == []


def test_many_letters_are_written_in_several_turns(session, monkeypatch):
    monkeypatch.setattr(actions, "LETTERS_AT_ONCE", 3)
    counted(session, patrons(session, 8))
    promise = session.scalars(select(Promise)).one()
    editor = make.staff(session, "editor")
    actions.publish(
        session, promise.id, url="https://lantern.example/x", title="The story", by=editor.reader_id, at=clock.now()
    )
    session.commit()
    actions.report_back(session, promise.id, after=0, at=clock.now())
    session.commit()
    assert session.scalar(select(func.count()).where(Letter.kind == "story_is_out")) == 3
    work()
    assert session.scalar(select(func.count()).where(Letter.kind == "story_is_out")) == 9


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("date", {"editor": "0", "due_on": "2099-01-01"}, "within three years"),
        ("date", {"editor": "1", "due_on": ""}, "choose a date"),
        ("date", {"editor": "nobody", "due_on": "soon"}, "Not a valid"),
        ("story", {"url": "javascript:alert(1)", "title": "A story"}, "web address"),
        ("story", {"url": "", "title": "A story"}, "web address"),
        ("story", {"url": "https://lantern.example/x", "title": " "}, "title"),
        ("refusal", {"reason": ""}, "give the reason"),
    ],
)
def test_wrong_words_about_a_promise_are_shown_again(session, client, path, form, words):
    counted(session, patrons(session, 1))
    promise = session.scalars(select(Promise)).one()
    make.sign_in(session, client, make.staff(session, "editor"))
    answer = client.post(f"/staff/promises/{promise.id}/{path}", data=form)
    assert answer.status_code == 422 and words in answer.text
    session.refresh(promise)
    assert (promise.state, promise.story_url, promise.due_on) == ("accepted", None, None)


def test_a_patron_cannot_be_named_as_editor(session, client):
    [voter] = patrons(session, 1)
    counted(session, [voter])
    promise = session.scalars(select(Promise)).one()
    make.sign_in(session, client, make.staff(session, "editor"))
    due = (clock.now() + timedelta(days=5)).date().isoformat()
    answer = client.post(f"/staff/promises/{promise.id}/date", data={"editor": voter.reader_id, "due_on": due})
    assert answer.status_code == 422 and "editor of our team" in answer.text


def test_giving_up_needs_a_reason_and_what_is_closed_stays_closed(session, client):
    counted(session, patrons(session, 1))
    promise = session.scalars(select(Promise)).one()
    make.sign_in(session, client, make.staff(session, "editor"))
    form = {"reason": "The files are sealed by a court."}
    assert client.post(f"/staff/promises/{promise.id}/refusal", data=form).status_code == 303
    assert "The files are sealed by a court." in client.get("/promises").text
    again = client.post(
        f"/staff/promises/{promise.id}/story", data={"url": "https://lantern.example/x", "title": "Too late"}
    )
    assert again.status_code == 409 and "closed already" in again.text
    assert session.scalars(select(Letter).where(Letter.kind == "story_is_out")).all() == []


def test_only_editors_manage_promises(session, client):
    make.sign_in(session, client, make.patron(session))
    assert client.get("/staff/promises").status_code == 403
    assert client.get("/staff/promises/1").status_code == 403

"""Verbs about promises: making them of winners, taking them up, keeping them, giving them up, and reporting back."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.ballots.queries import ballot_by_id, options_of, result_of
from membership.db import insert_once
from membership.jobs.queue import post
from membership.mail.many import LANE_NEWS, One, mailing, write_each
from membership.mail.writing import Recipient
from membership.newsroom.queries import today
from membership.promises import overdue, rules
from membership.promises.models import Promise, PromisePicture, PromiseSetting, PromiseStep
from membership.promises.queries import address_of, promise_by_id, those_to_tell
from membership.readers.queries import team
from membership.readers.trail import note
from membership.readers.wishes import stop_address
from membership.refusals import NotFound
from membership.topics import actions as topics
from membership.topics.rules import is_web_address

LETTERS_AT_ONCE = 50
"""So many letters are written in one transaction of the worker."""
NAMED = "editor"
"""Who holds this role or one above it can be named on a promise."""


def make(session: Session, ballot_id: int, *, at: datetime) -> list[Promise]:
    """A promise for each winner of a counted ballot whose result binds; made again it is the same one.

    Raises `NotFound`, `NotCountedYet`.
    """
    ballot = ballot_by_id(session, ballot_id)
    if ballot is None:
        raise NotFound()
    result = result_of(ballot)
    if not result.binding:
        return []
    options = {option.position: option for option in options_of(session, ballot_id)}
    for winner in result.winners:
        _make_one(session, ballot_id, options[winner].topic_id, options[winner].title, at=at)
    statement = select(Promise).where(Promise.ballot_id == ballot_id).order_by(Promise.id)
    return list(session.execute(statement).scalars())


def _make_one(session: Session, ballot_id: int, topic_id: int, title: str, *, at: datetime) -> None:
    new = insert_once(
        session, Promise, ballot_id=ballot_id, topic_id=topic_id, title=title, state="accepted", made_at=at
    )
    if not new:
        return
    both = (Promise.ballot_id == ballot_id, Promise.topic_id == topic_id)
    promise = session.execute(select(Promise).where(*both)).scalar_one()
    _step(session, promise, "made", words="", by=None, at=at)
    topics.note_step(session, topic_id, "promised", title=title, address=address_of(promise), at=at)


def set_date(session: Session, promise_id: int, *, editor_id: int, due_on: date, by: int, at: datetime) -> None:
    """An editor takes a promise up, or moves its date. Raises `NotFound`, `AlreadyClosed`, `NotAnEditor`, `DateNotAhead`."""
    promise = _held(session, promise_id)
    rules.check_date(due_on, today=today(session, at))
    if editor_id not in {one.reader_id for one in team(session, role=NAMED)}:
        raise rules.NotAnEditor()
    if (promise.state, promise.editor_id, promise.due_on) == ("reporting", editor_id, due_on):
        return  # pressed twice
    promise.state, promise.editor_id, promise.due_on = "reporting", editor_id, due_on
    _step(session, promise, "dated", words=due_on.isoformat(), by=by, at=at)
    overdue.watch(session, promise)
    topics.note_step(
        session, promise.topic_id, "dated", title=due_on.isoformat(), address=address_of(promise), at=at
    )  # fmt: skip
    note(session, actor_id=by, action="promise:dated", object=f"promise/{promise.id}", at=at, due_on=due_on.isoformat())


def publish(
    session: Session,
    promise_id: int,
    *,
    url: str,
    title: str,
    by: int,
    at: datetime,
    tell: bool = True,
    picture: bytes | None = None,
) -> None:
    """The story is out: close the promise with its address, and post the job that tells those who asked.

    `picture`: a JPEG as `reading.story_at` makes it.

    Raises `NotFound`, `AlreadyClosed`, `NotAStory`, `StoryTitleMissing`.
    """
    promise = _held(session, promise_id)
    url = url.strip()
    if not is_web_address(url):
        raise rules.NotAStory()
    promise.story_url, promise.story_title = url, rules.check_story_title(title)
    promise.state, promise.closed_at = "published", at
    if picture:
        session.add(PromisePicture(promise_id=promise.id, jpeg=picture))
    _step(session, promise, "published", words=promise.story_title, by=by, at=at)
    topics.note_step(session, promise.topic_id, "published", title=promise.story_title, address=url, at=at)
    if tell:
        _post_report(session, promise.id, after=0, at=at)
    note(session, actor_id=by, action="promise:published", object=f"promise/{promise.id}", at=at)


def decline(session: Session, promise_id: int, *, reason: str, by: int, at: datetime) -> None:
    """Give a promise up, with a reason that everybody may read. Raises `NotFound`, `AlreadyClosed`, `ReasonMissing`."""
    promise = _held(session, promise_id)
    promise.reason = rules.check_reason(reason)
    promise.state, promise.closed_at = "declined", at
    _step(session, promise, "declined", words=promise.reason, by=by, at=at)
    topics.note_step(session, promise.topic_id, "given_up", title=promise.title, address=address_of(promise), at=at)
    note(session, actor_id=by, action="promise:declined", object=f"promise/{promise.id}", at=at)


def report_back(session: Session, promise_id: int, *, after: int, at: datetime) -> None:
    """Write the next letters to those who asked, beginning behind reader number `after`, and post the job for the rest.

    Each reader gets one letter per promise, however often this runs.
    """
    promise = promise_by_id(session, promise_id)
    if promise is None or promise.state != "published":
        return
    told = those_to_tell(session, promise, after=after, most=LETTERS_AT_ONCE)
    those = [
        One(
            Recipient(who.email, who.name, who.language, who.reader_id), f"promise:{promise.id}:{who.reader_id}",
            stop_address(who.reader_id, "stories"), {"promise": promise},
        )
        for who in told
    ]  # fmt: skip
    of = mailing(session, f"promise:{promise.id}", sort="stories", lane=LANE_NEWS)
    write_each(session, of, "story_is_out", those, at=at)
    if len(told) == LETTERS_AT_ONCE:
        _post_report(session, promise.id, after=told[-1].reader_id, at=at)


def explain_delay(session: Session, promise_id: int, *, reason: str, by: int, at: datetime) -> None:
    """Say in public why a promised day is not kept. Raises `NotFound`, `AlreadyClosed`, `ReasonMissing`."""
    promise = _held(session, promise_id)
    promise.delay_reason = rules.check_reason(reason)
    note(session, actor_id=by, action="promise:delayed", object=f"promise/{promise.id}", at=at)


def tell_late_after(session: Session, days: int | None, *, by: int, at: datetime) -> None:
    """From now on readers are told so many days after a promised day. Raises `NotDays`."""
    days = rules.check_days(days)
    session.merge(PromiseSetting(id=1, late_after=days))
    session.flush()
    note(session, actor_id=by, action="promises:late_after", object="promises", at=at, days=days)


def _post_report(session: Session, promise_id: int, *, after: int, at: datetime) -> None:
    payload = {"promise": promise_id, "after": after}
    post(session, "promises.report_back", f"promise:{promise_id}:report", payload, due_at=at)


def _step(session: Session, promise: Promise, kind: str, *, words: str, by: int | None, at: datetime) -> None:
    session.add(PromiseStep(promise_id=promise.id, kind=kind, words=words, by=by, at=at))


def _held(session: Session, promise_id: int) -> Promise:
    promise = promise_by_id(session, promise_id, lock=True)
    if promise is None:
        raise NotFound()
    rules.check_pending(promise.state)
    return promise

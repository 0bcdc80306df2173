"""Questions about promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, Subquery, case, exists, func, or_, select, union
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot, BallotRoll
from membership.giving.models import Payment
from membership.giving.queries import payment_counts
from membership.mail.bounces import takes_letters
from membership.newsroom.queries import today
from membership.promises.models import Promise, PromisePicture, PromiseSetting, PromiseStep
from membership.promises.rules import LATE_AFTER, age_in_days, is_late
from membership.readers.models import Person
from membership.readers.wishes import wants
from membership.topics.models import Topic, TopicSupport


@dataclass(frozen=True)
class PromiseLine:
    """A promise as everybody sees it. `editor` is empty until one has taken it up; `age` in whole days."""

    id: int
    title: str
    state: str
    editor: str
    due_on: date | None
    late: bool
    age: int
    made_at: datetime
    closed_at: datetime | None
    story_url: str | None
    story_title: str | None
    reason: str | None
    delay_reason: str | None
    pictured: bool
    topic_slug: str
    ballot_slug: str
    ballot_title: str


@dataclass(frozen=True)
class StoryLine:
    """A story that a reader helped to choose, and how: never by which option, which nobody knows."""

    url: str
    title: str
    topic: str
    published_at: datetime
    proposed: bool = False
    supported: bool = False
    voted: bool = False
    paid: bool = False


def _lines() -> Select[Promise, Topic, Ballot, str | None, bool]:
    pictured = select(PromisePicture.promise_id).where(PromisePicture.promise_id == Promise.id).exists()
    return (
        select(Promise, Topic, Ballot, Person.name, pictured)
        .join(Topic, Topic.id == Promise.topic_id)
        .join(Ballot, Ballot.id == Promise.ballot_id)
        .outerjoin(Person, Person.reader_id == Promise.editor_id)
    )


def _line(row: Row[Promise, Topic, Ballot, str | None, bool], at: datetime, day: date) -> PromiseLine:
    promise, topic, ballot, editor, pictured = row
    return PromiseLine(
        id=promise.id, title=promise.title, state=promise.state, editor=editor or "", due_on=promise.due_on,
        late=is_late(state=promise.state, due_on=promise.due_on, today=day),
        age=age_in_days(made_at=promise.made_at, closed_at=promise.closed_at, at=at), made_at=promise.made_at,
        closed_at=promise.closed_at, story_url=promise.story_url, story_title=promise.story_title,
        reason=promise.reason, delay_reason=promise.delay_reason,
        pictured=pictured, topic_slug=topic.slug, ballot_slug=ballot.slug, ballot_title=ballot.title,
    )  # fmt: skip


def listed(session: Session, at: datetime) -> list[PromiseLine]:
    """Every promise: those still owed first, the oldest of them on top; then the closed ones, the newest first."""
    owed = case((Promise.closed_at.is_(None), 0), else_=1)
    day = today(session, at)
    lines = [_line(row, at, day) for row in session.execute(_lines().order_by(owed, Promise.made_at, Promise.id))]
    closed = sorted((line for line in lines if line.closed_at), key=lambda line: line.closed_at or at, reverse=True)
    return [line for line in lines if not line.closed_at] + closed


def line_of(session: Session, promise_id: int, at: datetime) -> PromiseLine | None:
    """One promise as everybody sees it."""
    row = session.execute(_lines().where(Promise.id == promise_id)).first()
    return _line(row, at, today(session, at)) if row else None


def promise_by_id(session: Session, promise_id: int, *, lock: bool = False) -> Promise | None:
    """A promise by its number; `lock` holds its row until the commit, and lets other rows point to it meanwhile."""
    statement = select(Promise).where(Promise.id == promise_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.execute(statement).scalar_one_or_none()


def steps_of(session: Session, promise_id: int) -> list[PromiseStep]:
    """A promise's history."""
    statement = select(PromiseStep).where(PromiseStep.promise_id == promise_id)
    return list(session.execute(statement.order_by(PromiseStep.at, PromiseStep.id)).scalars())


def those_to_tell(session: Session, promise: Promise, *, after: int, most: int) -> list[Person]:
    """Who asked for a story and wishes to hear of it: the next so many behind reader `after`, each once."""
    asked = _askers(promise)
    statement = select(Person).join(asked, asked.c.reader_id == Person.reader_id)
    statement = statement.where(Person.reader_id > after, *_reached())
    return list(session.execute(statement.order_by(Person.reader_id).limit(most)).scalars())


def number_to_tell(session: Session, promise: Promise) -> int:
    """How many of those who asked for a story wish to hear of it."""
    asked = _askers(promise)
    statement = select(func.count()).select_from(Person).join(asked, asked.c.reader_id == Person.reader_id)
    return session.execute(statement.where(*_reached())).scalar_one()


def _reached() -> tuple[ColumnElement[bool], ...]:
    return wants(Person.reader_id, "stories"), takes_letters(Person.reader_id, Person.email)


def _askers(promise: Promise) -> Subquery:
    """Who took part in the ballot (that they did, never for what), proposed the topic, supports it, or paid in that round.

    The round is the time between the ballot's opening and its close. A payment is its payer's: who gave a membership away
    paid, who holds it did not; and money that went back was not paid.
    """
    return union(
        select(BallotRoll.reader_id).where(BallotRoll.ballot_id == promise.ballot_id, BallotRoll.voted),
        select(TopicSupport.reader_id).where(TopicSupport.topic_id == promise.topic_id),
        select(Topic.proposer_id.label("reader_id")).where(Topic.id == promise.topic_id),
        select(Payment.reader_id)
        .join(Ballot, (Payment.paid_at >= Ballot.opens_at) & (Payment.paid_at <= Ballot.closes_at))
        .where(Ballot.id == promise.ballot_id, payment_counts()),
    ).subquery()


def stories_for(session: Session, reader_id: int) -> list[StoryLine]:
    """The stories that this reader helped to choose (proposed or supports the topic, took part in the vote, or paid while it
    ran), the newest first."""
    voted = exists().where(
        BallotRoll.reader_id == reader_id, BallotRoll.voted, BallotRoll.ballot_id == Promise.ballot_id
    )
    supported = exists().where(TopicSupport.reader_id == reader_id, TopicSupport.topic_id == Promise.topic_id)
    proposed = exists().where(Topic.proposer_id == reader_id, Topic.id == Promise.topic_id)
    paid = exists().where(
        Payment.reader_id == reader_id, Ballot.id == Promise.ballot_id,
        Payment.paid_at >= Ballot.opens_at, Payment.paid_at <= Ballot.closes_at, payment_counts(),
    )  # fmt: skip
    hows = [how.correlate(Promise) for how in (proposed, supported, voted, paid)]
    statement = (
        select(Promise, *hows)
        .where(Promise.state == "published", or_(*hows))
        .order_by(Promise.closed_at.desc(), Promise.id.desc())
    )
    return [
        StoryLine(
            promise.story_url or "",
            promise.story_title or "",
            promise.title,
            promise.closed_at or promise.made_at,
            *how,
        )
        for promise, *how in session.execute(statement)
    ]


def address_of(promise: Promise) -> str:
    """Where a promise stands on the public page."""
    return f"/promises#promise-{promise.id}"


def picture_of(session: Session, promise_id: int) -> bytes | None:
    """The picture of a promise's story, a JPEG."""
    found = session.get(PromisePicture, promise_id)
    return found.jpeg if found else None


def late_after(session: Session) -> int:
    """So many days after a promised day has passed, readers are told as well."""
    setting = session.get(PromiseSetting, 1)
    return setting.late_after if setting else LATE_AFTER


def feed_steps(session: Session, most: int) -> list[tuple[PromiseStep, Promise]]:
    """The newest steps of all promises, for the feed."""
    statement = select(PromiseStep, Promise).join(Promise, Promise.id == PromiseStep.promise_id)
    rows = session.execute(statement.order_by(PromiseStep.at.desc(), PromiseStep.id.desc()).limit(most))
    return [(step, promise) for step, promise in rows]


def counted_ballots(session: Session, most: int) -> list[Ballot]:
    """The ballots counted last."""
    statement = select(Ballot).where(Ballot.status == "final").order_by(Ballot.closed_at.desc(), Ballot.id.desc())
    return list(session.execute(statement.limit(most)).scalars())

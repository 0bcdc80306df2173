"""Questions about promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, Select, Subquery, case, func, or_, select, union
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot, BallotRoll
from membership.newsroom.queries import today
from membership.promises.models import Promise, PromiseStep
from membership.promises.rules import age_in_days, is_late
from membership.readers.models import Person
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
    topic_slug: str
    ballot_slug: str
    ballot_title: str


@dataclass(frozen=True)
class StoryLine:
    """A story that a reader helped to choose."""

    url: str
    title: str
    topic: str
    published_at: datetime


def _lines() -> Select[Promise, Topic, Ballot, str | None]:
    return (
        select(Promise, Topic, Ballot, Person.name)
        .join(Topic, Topic.id == Promise.topic_id)
        .join(Ballot, Ballot.id == Promise.ballot_id)
        .outerjoin(Person, Person.reader_id == Promise.editor_id)
    )


def _line(row: Row[Promise, Topic, Ballot, str | None], at: datetime, day: date) -> PromiseLine:
    promise, topic, ballot, editor = row
    return PromiseLine(
        id=promise.id, title=promise.title, state=promise.state, editor=editor or "", due_on=promise.due_on,
        late=is_late(state=promise.state, due_on=promise.due_on, today=day),
        age=age_in_days(made_at=promise.made_at, closed_at=promise.closed_at, at=at), made_at=promise.made_at,
        closed_at=promise.closed_at, story_url=promise.story_url, story_title=promise.story_title,
        reason=promise.reason, topic_slug=topic.slug, ballot_slug=ballot.slug, ballot_title=ballot.title,
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


def those_to_tell(session: Session, promise: Promise, *, after: int, most: int) -> list[int]:
    """Who asked for a story, by their numbers: the next so many behind reader `after`, each once."""
    readers = _askers(promise).c.reader_id
    return list(session.execute(select(readers).where(readers > after).order_by(readers).limit(most)).scalars())


def number_to_tell(session: Session, promise: Promise) -> int:
    """How many asked for a story."""
    return session.execute(select(func.count()).select_from(_askers(promise))).scalar_one()


def _askers(promise: Promise) -> Subquery:
    """Who took part in the ballot (that they did, never for what), proposed the topic, or supports it."""
    return union(
        select(BallotRoll.reader_id).where(BallotRoll.ballot_id == promise.ballot_id, BallotRoll.voted),
        select(TopicSupport.reader_id).where(TopicSupport.topic_id == promise.topic_id),
        select(Topic.proposer_id.label("reader_id")).where(Topic.id == promise.topic_id),
    ).subquery()


def stories_for(session: Session, reader_id: int) -> list[StoryLine]:
    """The stories that this reader helped to choose (voted in the ballot, proposed or supports the topic), newest first."""
    voted = select(BallotRoll.ballot_id).where(BallotRoll.reader_id == reader_id, BallotRoll.voted)
    supported = select(TopicSupport.topic_id).where(TopicSupport.reader_id == reader_id)
    proposed = select(Topic.id).where(Topic.proposer_id == reader_id)
    statement = (
        select(Promise)
        .where(
            Promise.state == "published",
            or_(Promise.ballot_id.in_(voted), Promise.topic_id.in_(supported), Promise.topic_id.in_(proposed)),
        )
        .order_by(Promise.closed_at.desc(), Promise.id.desc())
    )
    return [
        StoryLine(
            promise.story_url or "", promise.story_title or "", promise.title, promise.closed_at or promise.made_at
        )
        for promise in session.execute(statement).scalars()
    ]

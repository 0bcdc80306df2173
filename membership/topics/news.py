"""Telling proposers and supporters what became of a topic: one letter for each person and change, in turns of a few.

A change is named by its row (`decision:7`, `step:12`), and so are its letters: however often a turn runs, nobody is told
twice. The turns go along the readers' numbers, each in a transaction of its own, so that ten thousand letters hold up nobody.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, union
from sqlalchemy.orm import Session

from membership.jobs.queue import post
from membership.mail.bounces import takes_letters
from membership.mail.many import LANE_NEWS, One, mailing, write_each
from membership.mail.writing import Recipient
from membership.readers.models import Person
from membership.readers.wishes import stop_address, wants
from membership.topics.models import Topic, TopicDecision, TopicStep, TopicSupport
from membership.topics.queries import Happening, topic_by_id

LETTERS_AT_ONCE = 50
TOLD_STEPS = frozenset({"ballot", "won", "not_chosen", "dated", "given_up"})
"""Of the steps these are told. A promise is made with the result that is told, so its letter is the one with the date; the
published story is told by its own letter, to more readers than these."""


def post_news(session: Session, topic_id: int, change: str, *, at: datetime, after: int = 0) -> None:
    """Post the job that tells of a change, beginning behind reader number `after`."""
    payload = {"topic": topic_id, "change": change, "after": after}
    post(session, "topics.tell", f"topic:{topic_id}:{change}", payload, due_at=at)


def tell(session: Session, topic_id: int, change: str, *, after: int, at: datetime) -> None:
    """Write the next letters about a change, and post the job for the rest.

    When the last letter about a merging is written, the merged topic's own supports are gone: they are the other's by now.
    """
    topic, happening = topic_by_id(session, topic_id), _change(session, change)
    if topic is None or happening is None:
        return
    into = topic_by_id(session, topic.merged_into_id) if topic.merged_into_id else None
    told = _to_tell(session, topic_id, after=after)
    those = [
        One(
            Recipient(person.email, person.name, person.language, person.reader_id),
            f"topic:{change}:{person.reader_id}", stop_address(person.reader_id, "topics"),
            {"topic": topic, "happening": happening, "into": into},
        )
        for person in told
    ]  # fmt: skip
    of = mailing(session, f"topic:{change}", sort="topics", lane=LANE_NEWS)
    write_each(session, of, "topic_news", those, at=at)
    if len(told) == LETTERS_AT_ONCE:
        post_news(session, topic_id, change, at=at, after=told[-1].reader_id)
    elif happening.kind == "merged":
        session.execute(delete(TopicSupport).where(TopicSupport.topic_id == topic_id))


def _to_tell(session: Session, topic_id: int, *, after: int) -> list[Person]:
    concerned = union(
        select(TopicSupport.reader_id).where(TopicSupport.topic_id == topic_id),
        select(Topic.proposer_id.label("reader_id")).where(Topic.id == topic_id),
    ).subquery()
    statement = (
        select(Person)
        .join(concerned, concerned.c.reader_id == Person.reader_id)
        .where(Person.reader_id > after, wants(Person.reader_id, "topics"), takes_letters(Person.reader_id, Person.email))
        .order_by(Person.reader_id)
        .limit(LETTERS_AT_ONCE)
    )
    return list(session.execute(statement).scalars())


def _change(session: Session, change: str) -> Happening | None:
    table, _, number = change.partition(":")
    if table == "decision":
        decision = session.get(TopicDecision, int(number))
        return Happening(decision.kind, decision.at, reason=decision.reason) if decision else None
    step = session.get(TopicStep, int(number))
    return Happening(step.kind, step.at, title=step.title, address=step.address) if step else None

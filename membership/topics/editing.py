"""What editors change about topics: merging two into one, correcting the words, and tagging."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.readers.trail import note
from membership.refusals import NotFound
from membership.topics import rules
from membership.topics.index import put_in
from membership.topics.models import Topic, TopicDecision, TopicLink, TopicRevision, TopicSupport, TopicTag
from membership.topics.news import post_news
from membership.topics.queries import links_of, newest_revision, promised_ids, stands_on_ballot, tags_of, topic_by_id


def merge(session: Session, topic_id: int, into_id: int, *, by: int, at: datetime, reason: str = "") -> None:
    """Make one topic of two: the first goes into the second, with its supporters and its proposer, each counted once.

    The merged one keeps its words, its history and what it was on ballots; its address leads to the other. Topics that were
    merged into it go along. Raises `NotFound`, `NotWithItself`, `AlreadyDecided`, `NotInto`, `OnABallot`, `Promised`,
    `ReasonTooLong`.
    """
    held = {number: topic_by_id(session, number, lock=True) for number in sorted({topic_id, into_id})}
    topic, into = held[topic_id], held[into_id]
    if topic is None or into is None:
        raise NotFound()
    _check_merging(session, topic, into)
    reason = rules.check_reason(reason, needed=False)
    _move_supports(session, topic.id, into.id)
    insert_once(session, TopicSupport, topic_id=into.id, reader_id=topic.proposer_id, supported_at=at)
    session.execute(update(Topic).where(Topic.merged_into_id == topic.id).values(merged_into_id=into.id))
    topic.state, topic.merged_into_id = "merged", into.id
    decision = TopicDecision(topic_id=topic.id, kind="merged", reason=reason, decided_by=by, at=at)
    session.add(decision)
    session.flush()
    post_news(session, topic.id, f"decision:{decision.id}", at=at)
    note(session, actor_id=by, action="topic:merged", object=f"topic/{topic.id}", at=at, into=into.id)


def _check_merging(session: Session, topic: Topic, into: Topic) -> None:
    if topic.id == into.id:
        raise rules.NotWithItself()
    if topic.state == "merged":
        raise rules.AlreadyDecided()
    if into.state not in rules.OPEN:
        raise rules.NotInto()
    if stands_on_ballot(session, topic.id):
        raise rules.OnABallot()
    if topic.id in promised_ids(session):
        raise rules.Promised()


def _move_supports(session: Session, topic_id: int, into_id: int) -> None:
    """The supporters of the one stand behind the other, each once, since when they did; one statement, however many."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    theirs = select(literal(into_id), TopicSupport.reader_id, TopicSupport.supported_at)
    moved = insert(TopicSupport).from_select(
        ["topic_id", "reader_id", "supported_at"], theirs.where(TopicSupport.topic_id == topic_id)
    )
    session.execute(moved.on_conflict_do_nothing())


def edit(
    session: Session,
    topic_id: int,
    *,
    title: str,
    why: str,
    links: Iterable[str],
    by: int,
    at: datetime,
    reason: str = "",
    after: int | None = None,
) -> bool:
    """Correct a topic's words; what it said before is kept, and public. False when nothing changes.

    `after`: the newest correction that the editor had seen (`newest_revision`); None where nobody looked. Its address stays.
    What stands on an open ballot stays as it was when that opened. Raises `NotFound`, `AlreadyDecided` (merged),
    `ChangedMeanwhile`, `ReasonTooLong` and what a proposal raises.
    """
    topic = topic_by_id(session, topic_id, lock=True)
    if topic is None:
        raise NotFound()
    if topic.state == "merged":
        raise rules.AlreadyDecided()
    title, why, lines = rules.check_title(title), rules.check_why(why), rules.check_links(links)
    reason, before = rules.check_reason(reason, needed=False), links_of(session, topic.id)
    if (title, why, lines) == (topic.title, topic.why, before):
        return False
    if after is not None and newest_revision(session, topic.id) != after:
        raise rules.ChangedMeanwhile()
    session.add(
        TopicRevision(
            topic_id=topic.id, title=topic.title, why=topic.why, links="\n".join(before), reason=reason, edited_by=by,
            replaced_at=at,
        )
    )  # fmt: skip
    topic.title, topic.why = title, why
    if lines != before:
        session.execute(delete(TopicLink).where(TopicLink.topic_id == topic.id))
        numbered = enumerate(lines, start=1)
        session.add_all(TopicLink(topic_id=topic.id, position=number, address=line) for number, line in numbered)
    session.flush()
    put_in(session, topic)
    note(session, actor_id=by, action="topic:edited", object=f"topic/{topic.id}", at=at)
    return True


def tag(session: Session, topic_id: int, typed: str, *, by: int, at: datetime) -> None:
    """Give a topic these tags, separated by commas, and no others. Raises `NotFound`, `TagTooLong`, `TooManyTags`."""
    if topic_by_id(session, topic_id, lock=True) is None:
        raise NotFound()
    tags = rules.read_tags(typed)
    if tags == tags_of(session, topic_id):
        return
    session.execute(delete(TopicTag).where(TopicTag.topic_id == topic_id))
    session.add_all(TopicTag(topic_id=topic_id, tag=one) for one in tags)
    session.flush()
    note(session, actor_id=by, action="topic:tagged", object=f"topic/{topic_id}", at=at, tags=tags)

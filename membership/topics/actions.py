"""Verbs about topics: proposing, supporting, deciding, and noting what became of one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.readers.trail import note
from membership.refusals import NotFound
from membership.topics import rules
from membership.topics.index import put_in
from membership.topics.models import Topic, TopicDecision, TopicLink, TopicStep, TopicSupport
from membership.topics.news import TOLD_STEPS, post_news
from membership.topics.queries import topic_by_id
from membership.web.tokens import new_code


def propose(
    session: Session, *, reader_id: int, title: str, why: str, attempt: str, at: datetime, links: Iterable[str] = ()
) -> Topic:
    """A new topic, supported by its proposer; the same attempt sent twice is one topic.

    Raises `TitleTooShort`, `TitleTooLong`, `WhyTooShort`, `WhyTooLong`, `NotALink`, `TooManyLinks`.
    """
    title, why, links = rules.check_title(title), rules.check_why(why), rules.check_links(links)
    topic, new = _write_once(
        session, attempt=f"{reader_id}:{attempt}", proposer_id=reader_id, title=title, why=why, proposed_at=at
    )
    if new:
        session.add_all(
            TopicLink(topic_id=topic.id, position=position, address=address)
            for position, address in enumerate(links, start=1)
        )
        support(session, topic.id, reader_id, at=at)
        put_in(session, topic)
    return topic


def _write_once(session: Session, *, attempt: str, title: str, **values: object) -> tuple[Topic, bool]:
    """The row of this attempt, and whether it is new. An address that is taken gets a number behind it."""
    slug = free = rules.slug_of(title, "topic")
    mine = select(Topic).where(Topic.attempt == attempt)
    while not insert_once(session, Topic, attempt=attempt, slug=free, title=title, state="proposed", **values):
        earlier = session.execute(mine).scalar_one_or_none()
        if earlier is not None:
            return earlier, False
        free = f"{slug}-{new_code()}"
    return session.execute(mine).scalar_one(), True


def support(session: Session, topic_id: int, reader_id: int, *, at: datetime) -> None:
    """Stand behind a topic; twice is once. Raises `NotFound`, `TopicClosed`."""
    topic = topic_by_id(session, topic_id, share=True)  # or it might be merged meanwhile, and this support left behind
    if topic is None:
        raise NotFound()
    if topic.state not in rules.OPEN:
        raise rules.TopicClosed()
    insert_once(session, TopicSupport, topic_id=topic.id, reader_id=reader_id, supported_at=at)


def withdraw_support(session: Session, topic_id: int, reader_id: int) -> None:
    """Stand behind a topic no more; nothing is kept of it."""
    mine = (TopicSupport.topic_id == topic_id, TopicSupport.reader_id == reader_id)
    session.execute(delete(TopicSupport).where(*mine))


def accept(session: Session, topic_id: int, *, by: int, at: datetime, reason: str = "") -> None:
    """The topic may be put on a ballot. Raises `NotFound`, `AlreadyDecided`, `ReasonTooLong`."""
    decide(session, topic_id, "accepted", reason=reason, by=by, at=at)


def decline(session: Session, topic_id: int, *, by: int, reason: str, at: datetime) -> None:
    """The newsroom will not take this up, and says why. Raises `NotFound`, `AlreadyDecided`, `ReasonMissing`."""
    decide(session, topic_id, "declined", reason=reason, by=by, at=at)


def ask_for_facts(session: Session, topic_id: int, *, by: int, reason: str, at: datetime) -> None:
    """The topic waits for more to go on; the reason says for what. Raises `NotFound`, `AlreadyDecided`, `ReasonMissing`."""
    decide(session, topic_id, "needs_facts", reason=reason, by=by, at=at)


def decide(session: Session, topic_id: int, kind: str, *, reason: str, by: int, at: datetime) -> None:
    """An editor's decision (accepted, declined, needs_facts) as a row, as the topic's state, and in the audit trail."""
    topic = _topic(session, topic_id, lock=True)
    if topic.state == "merged":
        raise rules.AlreadyDecided()
    reason = rules.check_reason(reason, needed=kind != "accepted")
    if topic.state == kind and (kind == "accepted" or reason == _last_reason(session, topic.id)):
        return  # pressed twice
    topic.state = kind
    decision = TopicDecision(topic_id=topic.id, kind=kind, reason=reason, decided_by=by, at=at)
    session.add(decision)
    session.flush()
    post_news(session, topic.id, f"decision:{decision.id}", at=at)
    note(session, actor_id=by, action=f"topic:{kind}", object=f"topic/{topic.id}", at=at)


def _last_reason(session: Session, topic_id: int) -> str | None:
    mine = select(TopicDecision.reason).where(TopicDecision.topic_id == topic_id)
    return session.execute(mine.order_by(TopicDecision.id.desc()).limit(1)).scalar_one_or_none()


def note_step(session: Session, topic_id: int, kind: str, *, title: str, address: str, at: datetime) -> None:
    """A room above notes what became of a topic, once each; those whom it concerns are told of it (`news.TOLD_STEPS`).

    `kind`: `ballot`, `won`, `not_chosen`, `called_off`, `promised`, `dated`, `published`, `given_up`.
    """
    new = insert_once(session, TopicStep, topic_id=topic_id, kind=kind, title=title, address=address, at=at)
    if new and kind in TOLD_STEPS:
        mine = (TopicStep.topic_id == topic_id, TopicStep.kind == kind, TopicStep.address == address)
        step = session.execute(select(TopicStep.id).where(*mine)).scalar_one()
        post_news(session, topic_id, f"step:{step}", at=at)


def _topic(session: Session, topic_id: int, *, lock: bool = False) -> Topic:
    topic = topic_by_id(session, topic_id, lock=lock)
    if topic is None:
        raise NotFound()
    return topic

"""Questions about topics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from membership.topics.models import Topic, TopicDecision, TopicLink, TopicRevision, TopicStep, TopicSupport, TopicTag


@dataclass(frozen=True)
class TopicLine:
    """A topic as it stands in a list, with how many support it."""

    id: int
    slug: str
    title: str
    why: str
    state: str
    supporters: int
    proposed_at: datetime


@dataclass(frozen=True)
class Happening:
    """One entry of a topic's public history, from editors' decisions and from what became of it in the rooms above."""

    kind: str
    at: datetime
    reason: str = ""
    title: str = ""
    address: str = ""

    @property
    def day(self) -> date | None:
        """The day that was promised, of a step that named one: its title, in ISO 8601."""
        return date.fromisoformat(self.title) if self.kind == "dated" else None


_supporters = (
    select(func.count()).where(TopicSupport.topic_id == Topic.id).correlate(Topic).scalar_subquery().label("supporters")
)


def _lines(session: Session, statement: Select[Topic, int]) -> list[TopicLine]:
    return [
        TopicLine(row.id, row.slug, row.title, row.why, row.state, supporters, row.proposed_at)
        for row, supporters in session.execute(statement)
    ]


def listed(session: Session, *states: str, most: int | None = None) -> list[TopicLine]:
    """The topics in these states, those with most support first; all of them, or so many at most."""
    statement = select(Topic, _supporters).where(Topic.state.in_(states))
    return _lines(session, statement.order_by(_supporters.desc(), Topic.id.desc()).limit(most))


def topics_of(session: Session, reader_id: int) -> list[TopicLine]:
    """The topics that a reader proposed or supports, the newest first."""
    supported = select(TopicSupport.topic_id).where(TopicSupport.reader_id == reader_id)
    stands = Topic.id.in_(supported) & (Topic.state != "merged")  # what was merged is supported as the other by now
    statement = select(Topic, _supporters).where((Topic.proposer_id == reader_id) | stands)
    return _lines(session, statement.order_by(Topic.id.desc()))


def topic_at(session: Session, slug: str) -> Topic | None:
    """The topic at an address."""
    return session.execute(select(Topic).where(Topic.slug == slug)).scalar_one_or_none()


def topic_by_id(session: Session, topic_id: int, *, lock: bool = False, share: bool = False) -> Topic | None:
    """A topic by its number; `lock` holds its row until the commit, and lets other rows point to it meanwhile. `share`
    holds it beside others who do the same, so that only a decision has to wait, or is waited for.
    """
    statement = select(Topic).where(Topic.id == topic_id)
    if lock or share:  # as it stands once it is held, whatever was read before
        statement = statement.with_for_update(read=share, key_share=lock).execution_options(populate_existing=True)
    return session.execute(statement).scalar_one_or_none()


def supporter_count(session: Session, topic_id: int) -> int:
    """How many stand behind a topic."""
    return session.execute(select(func.count()).where(TopicSupport.topic_id == topic_id)).scalar_one()


def supports(session: Session, topic_id: int, reader_id: int) -> bool:
    """Whether this reader stands behind the topic."""
    return session.get(TopicSupport, (topic_id, reader_id)) is not None


def newest_revision(session: Session, topic_id: int) -> int:
    """The number of the last correction of a topic's words; 0 if they are as they were proposed."""
    return session.execute(select(func.max(TopicRevision.id)).where(TopicRevision.topic_id == topic_id)).scalar() or 0


def links_of(session: Session, topic_id: int) -> list[str]:
    """The background that the proposer gave."""
    statement = select(TopicLink.address).where(TopicLink.topic_id == topic_id).order_by(TopicLink.position)
    return list(session.execute(statement).scalars())


def tags_of(session: Session, topic_id: int) -> list[str]:
    """A topic's tags, in their order."""
    statement = select(TopicTag.tag).where(TopicTag.topic_id == topic_id).order_by(TopicTag.tag)
    return sorted(session.execute(statement).scalars())


def merged_into(session: Session, topic_id: int) -> list[Topic]:
    """The topics that went into this one."""
    statement = select(Topic).where(Topic.merged_into_id == topic_id).order_by(Topic.id)
    return list(session.execute(statement).scalars())


def revisions_of(session: Session, topic_id: int) -> list[TopicRevision]:
    """What a topic said before, the newest first."""
    statement = select(TopicRevision).where(TopicRevision.topic_id == topic_id).order_by(TopicRevision.id.desc())
    return list(session.execute(statement).scalars())


def topic_of_attempt(session: Session, reader_id: int, attempt: str) -> Topic | None:
    """The topic that this reader made by this attempt of the form, if it went through."""
    statement = select(Topic).where(Topic.attempt == f"{reader_id}:{attempt}")
    return session.execute(statement).scalar_one_or_none()


def stands_on_ballot(session: Session, topic_id: int) -> bool:
    """Whether a topic was put on a ballot that has not ended: its steps say so."""
    statement = select(TopicStep).where(TopicStep.topic_id == topic_id)
    steps = list(session.execute(statement).scalars())
    ended = {step.address.removesuffix("/results") for step in steps if step.kind in {"won", "not_chosen", "called_off"}}
    return any(step.kind == "ballot" and step.address not in ended for step in steps)


def history_of(session: Session, topic_id: int) -> list[Happening]:
    """All that is public about what became of a topic, in order of time. Who decided stays in the house."""
    decisions = session.execute(select(TopicDecision).where(TopicDecision.topic_id == topic_id)).scalars()
    steps = session.execute(select(TopicStep).where(TopicStep.topic_id == topic_id)).scalars()
    found = [Happening(row.kind, row.at, reason=row.reason) for row in decisions]
    found += [Happening(row.kind, row.at, title=row.title, address=row.address) for row in steps]
    found += [Happening("edited", row.replaced_at, reason=row.reason) for row in revisions_of(session, topic_id)]
    return sorted(found, key=lambda happening: happening.at)


def promised_ids(session: Session) -> set[int]:
    """The topics whose newest promise was not given up: they need not stand again."""
    newest = (
        select(func.max(TopicStep.id)).where(TopicStep.kind.in_(["promised", "given_up"])).group_by(TopicStep.topic_id)
    )
    standing = select(TopicStep.topic_id).where(TopicStep.id.in_(newest), TopicStep.kind == "promised")
    return set(session.execute(standing).scalars())


def on_ballot_choices(session: Session) -> list[TopicLine]:
    """The topics that may be put on a ballot: accepted and not promised already, those with most support first."""
    promised = promised_ids(session)
    return [line for line in listed(session, "accepted") if line.id not in promised]

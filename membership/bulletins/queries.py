"""Questions about bulletins: whom one reaches, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select
from sqlalchemy.orm import Session

from membership.bulletins.models import Bulletin, BulletinText
from membership.bulletins.rules import Audience, Segment
from membership.mail.bounces import takes_letters
from membership.mail.many import Progress, progress
from membership.memberships.given_models import GivenMembership
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership
from membership.memberships.rules import NOT_BEGUN
from membership.memberships.standing import standing_at, standings_at
from membership.readers.models import Person, Reader
from membership.readers.wishes import wants
from membership.refusals import NotFound
from membership.topics.models import Topic, TopicSupport


def in_segment(segment: Segment, at: datetime) -> list[ColumnElement[bool]]:
    """The segment as conditions on `Person`, as it stands at this moment."""
    conditions = _standing(segment, at)
    if segment.languages:
        conditions.append(Person.language.in_(segment.languages))
    if segment.topic is not None:
        supports = select(TopicSupport.reader_id).where(TopicSupport.topic_id == segment.topic)
        proposed = select(Topic.proposer_id).where(Topic.id == segment.topic, Topic.proposer_id.is_not(None))
        conditions.append(or_(Person.reader_id.in_(supports), Person.reader_id.in_(proposed)))
    return conditions


def _standing(segment: Segment, at: datetime) -> list[ColumnElement[bool]]:
    found = standings_at(at)
    now, of_tiers = select(found.c.reader_id), select(found.c.reader_id)
    if segment.tiers:
        of_tiers = of_tiers.where(found.c.tier_id.in_(segment.tiers))
    stands = Person.reader_id.in_(now)
    if segment.standing == "patrons":
        return [Person.reader_id.in_(of_tiers)]
    if segment.standing == "grace":
        late = select(Membership.reader_id).where(
            standing_at(at), Membership.paid_until <= at, Membership.seats.is_(None)
        )
        return [Person.reader_id.in_(late.where(Membership.tier_id.in_(segment.tiers)) if segment.tiers else late)]
    if segment.standing == "former":
        return [~stands, or_(*_ever(segment.tiers, at))]
    if segment.standing == "never":
        return [~stands, *(~ever for ever in _ever((), at))]
    return [or_(Person.reader_id.in_(of_tiers), *_ever(segment.tiers, at))] if segment.tiers else []


def _ever(tiers: Sequence[int], at: datetime) -> list[ColumnElement[bool]]:
    """Whether somebody ever had a membership (of these tiers): their own, a seat in a group's, or a given one."""
    own = (Membership.reader_id == Person.reader_id, Membership.seats.is_(None), Membership.status.not_in(NOT_BEGUN))
    seat = (GroupSeat.reader_id == Person.reader_id, GroupSeat.membership_id == Membership.id)
    given = (GivenMembership.reader_id == Person.reader_id, GivenMembership.begins_at <= at)
    kind = (Membership.tier_id.in_(tiers),) if tiers else ()
    given_kind = (GivenMembership.tier_id.in_(tiers),) if tiers else ()
    return [exists().where(*own, *kind), exists().where(*seat, *kind), exists().where(*given, *given_kind)]


def audience(session: Session, segment: Segment, sort: str, at: datetime) -> Audience:
    """How many are in a segment, and how many of them would get no letter of this sort."""
    willing = wants(Person.reader_id, sort)
    unwilling = func.sum(case((~willing, 1), else_=0))
    unreachable = func.sum(case((willing & ~takes_letters(Person.reader_id, Person.email), 1), else_=0))
    statement = select(func.count(), unwilling, unreachable).select_from(Person).where(*in_segment(segment, at))
    everybody, no, cannot = session.execute(statement).one()
    return Audience(everybody, int(no or 0), int(cannot or 0))


def recipients(segment: Segment, sort: str, at: datetime, *, after: int, most: int) -> Select[int, str, str, str]:
    """The next recipients behind reader number `after`: number, address, name, language."""
    return (
        select(Person.reader_id, Person.email, Person.name, Person.language)
        .join(Reader, Reader.id == Person.reader_id)
        .where(
            Person.reader_id > after, Reader.created_at <= at, *in_segment(segment, at), wants(Person.reader_id, sort),
            takes_letters(Person.reader_id, Person.email),
        )
        .order_by(Person.reader_id)
        .limit(most)
    )  # fmt: skip


def bulletin_by_id(session: Session, bulletin_id: int, *, lock: bool = False) -> Bulletin:
    """A bulletin by its number; `lock` holds its row until the commit. Raises `NotFound`."""
    statement = select(Bulletin).where(Bulletin.id == bulletin_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound()
    return found


def texts_of(session: Session, bulletin_id: int) -> dict[str, BulletinText]:
    """What a bulletin says, by language."""
    statement = select(BulletinText).where(BulletinText.bulletin_id == bulletin_id).order_by(BulletinText.language)
    return {row.language: row for row in session.execute(statement).scalars()}


def languages_read(session: Session) -> set[str]:
    """The languages in which readers want their letters."""
    return set(session.execute(select(Person.language).distinct()).scalars())


@dataclass(frozen=True)
class Line:
    """A bulletin as it stands in a list. `state`: draft, scheduled, gathering, sending, paused, sent or stopped."""

    bulletin: Bulletin
    subject: str
    state: str
    progress: Progress


def lines(session: Session, *, own: str, most: int) -> list[Line]:
    """The bulletins, the newest first, each named in the language `own` if it speaks that."""
    rows = list(session.execute(select(Bulletin).order_by(Bulletin.id.desc()).limit(most)).scalars())
    return _lines(session, rows, own)


def line_of(session: Session, bulletin: Bulletin, *, own: str) -> Line:
    """One of them."""
    return _lines(session, [bulletin], own)[0]


def _lines(session: Session, rows: Sequence[Bulletin], own: str) -> list[Line]:
    ids = [row.id for row in rows]
    subjects: dict[int, str] = {}
    texts = select(BulletinText).where(BulletinText.bulletin_id.in_(ids)).order_by(BulletinText.language)
    for text in session.execute(texts).scalars():
        if text.language == own or text.bulletin_id not in subjects:
            subjects[text.bulletin_id] = text.subject
    done = progress(session, [row.mailing_id for row in rows if row.mailing_id is not None])
    made = []
    for row in rows:
        how_far = done.get(row.mailing_id or 0, Progress())
        made.append(Line(row, subjects.get(row.id, ""), _state(row, how_far), how_far))
    return made


def _state(bulletin: Bulletin, how_far: Progress) -> str:
    if bulletin.state != "started":
        return bulletin.state
    if bulletin.gathered_at is not None and not how_far.waiting:
        return "sent"
    if bulletin.paused:
        return "paused"
    return "sending" if bulletin.gathered_at else "gathering"

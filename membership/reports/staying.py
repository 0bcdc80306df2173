"""How many stayed: members at the close of a ballot (or on the day of a story) who are members some months later.

Only facts of the roll are used, through the gate of `ballots.queries`: that somebody took part, never for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, case, func, select, union
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot, BallotOption
from membership.ballots.queries import roll_of
from membership.db import insert_once
from membership.memberships.models import Movement
from membership.memberships.rules import months_later
from membership.promises.models import Promise
from membership.reports.lines import BEGINS, ENDS
from membership.reports.way_models import Stay
from membership.topics.models import Topic, TopicSupport

HORIZONS = (3, 6, 12)
"""Months after which it is looked whether somebody is still a member."""


@dataclass(frozen=True)
class Stayed:
    """As the table keeps it; see `Stay`."""

    whose: str
    subject: int
    months: int
    since: datetime
    people: int
    stayed: int


@dataclass(frozen=True)
class Due:
    """A ballot or a promise whose horizon has passed."""

    whose: tuple[str, ...]
    subject: Ballot | Promise
    months: int
    since: datetime


def due(session: Session, *, at: datetime, since: datetime | None = None, until: datetime | None = None) -> list[Due]:
    """What can be looked at by now and is not kept yet, of ballots that closed and stories that came out in this time."""
    kept = {
        (row.whose, row.subject, row.months) for row in session.execute(select(Stay.whose, Stay.subject, Stay.months))
    }
    ballots = [(one, one.closes_at) for one in session.scalars(select(Ballot).where(Ballot.status == "final"))]
    stories = session.scalars(select(Promise).where(Promise.state == "published", Promise.closed_at.is_not(None)))
    told = [(one, one.closed_at) for one in stories if one.closed_at is not None]
    found = []
    for whose, those in ((("voted", "not"), ballots), (("unchosen",), ballots), (("answered",), told)):
        for subject, moment in those:
            within = (since is None or moment >= since) and (until is None or moment < until)
            for months in HORIZONS:
                if within and months_later(moment, months) <= at and (whose[0], subject.id, months) not in kept:
                    found.append(Due(whose, subject, months, moment))
    return found


def looked(session: Session, one: Due) -> list[Stayed]:
    """Count them."""
    if one.whose == ("voted", "not"):
        assert isinstance(one.subject, Ballot)
        roll = roll_of(one.subject).subquery()
        counted = _counted(session, select(roll.c.reader_id, roll.c.voted.label("which")).subquery(), one)
        return [_told(one, name, counted.get(name == "voted", (0, 0))) for name in one.whose]
    asked = _asked_for(one).subquery()
    counted = _counted(session, select(asked.c.reader_id, (asked.c.reader_id > 0).label("which")).subquery(), one)
    return [_told(one, one.whose[0], counted.get(True, (0, 0)))]


def _told(one: Due, whose: str, numbers: tuple[int, int]) -> Stayed:
    return Stayed(whose, one.subject.id, one.months, one.since, *numbers)


def _counted(session: Session, those: Subquery, one: Due) -> dict[bool, tuple[int, int]]:
    """Of these readers, by `which`: how many were members then, and how many of them so much later."""
    later = months_later(one.since, one.months)
    one_more = case((Movement.kind.in_(BEGINS), 1), else_=-1)
    each = (
        select(
            Movement.reader_id,
            func.sum(case((Movement.at <= one.since, one_more), else_=0)).label("then"),
            func.sum(one_more).label("later"),
        )
        .where(Movement.kind.in_((*BEGINS, *ENDS)), Movement.at <= later)
        .where(Movement.reader_id.in_(select(those.c.reader_id)))
        .group_by(Movement.reader_id)
        .subquery()
    )
    statement = (
        select(those.c.which, func.count(), func.sum(case((each.c.later > 0, 1), else_=0)))
        .join(each, each.c.reader_id == those.c.reader_id)
        .where(each.c.then > 0)
        .group_by(those.c.which)
    )
    return {bool(which): (int(people), int(stayed)) for which, people, stayed in session.execute(statement)}


def _asked_for(one: Due) -> Any:
    """Who proposed or supported, by then, the topic of a story; or those topics of a ballot that were not chosen in it."""
    if isinstance(one.subject, Promise):
        topics: Select[int] = select(Topic.id).where(Topic.id == one.subject.topic_id)
    else:
        chosen = select(Promise.topic_id).where(Promise.ballot_id == one.subject.id)
        on_it = (BallotOption.ballot_id == one.subject.id, BallotOption.withdrawn_at.is_(None))
        topics = select(BallotOption.topic_id).where(*on_it, BallotOption.topic_id.not_in(chosen))
    return union(
        select(Topic.proposer_id.label("reader_id")).where(Topic.id.in_(topics)),
        select(TopicSupport.reader_id).where(TopicSupport.topic_id.in_(topics), TopicSupport.supported_at <= one.since),
    )


def keep(session: Session, rows: list[Stayed]) -> None:
    """Write down what was counted."""
    for row in rows:
        insert_once(session, Stay, **asdict(row))


def stays(session: Session, *, since: datetime, until: datetime, at: datetime) -> Iterator[Stayed]:
    """Of ballots that closed and stories that came out from `since` until before `until`; what is due and not kept is
    counted now."""
    for row in session.scalars(select(Stay).where(Stay.since >= since, Stay.since < until)):
        yield Stayed(row.whose, row.subject, row.months, row.since, row.people, row.stayed)
    for one in due(session, at=at, since=since, until=until):
        yield from looked(session, one)

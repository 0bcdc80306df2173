"""Who stands well with us at a moment, and by what: the one rule (`rules`) for rows, and the same for whole sets.

Everything that asks about standing asks here: votes, perks, pages, reports. There are five sources of it: one's own
membership, a seat in a group's, a gift that was claimed, a complimentary membership, and time paid for elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, bindparam, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from membership.db import UtcTime
from membership.memberships.given_models import GivenMembership
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership
from membership.memberships.rules import ENDED, GRACE, NOT_BEGUN, is_in_good_standing, kept_until, stands_by_gift

SOURCES = ("membership", "seat", "gift", "complimentary", "elsewhere")
"""What standing may come from, in the words that rolls and pages keep."""


@dataclass(frozen=True)
class Standing:
    """One reason why a reader stands well: `source` is one of `SOURCES`, `source_id` its row (membership, seat, given).

    `since`: when the pledge began, if need be elsewhere; `until`: what is paid or given; `kept_until`: when it stops if
    nothing more is paid (later by the grace).
    """

    source: str
    source_id: int
    tier_id: int
    since: datetime
    until: datetime
    kept_until: datetime


def stands(membership: Membership, at: datetime) -> bool:
    """Whether what was paid for this membership gives standing at a moment: to its reader, or to its group's seats."""
    return is_in_good_standing(
        status=membership.status, paid_until=membership.paid_until, frozen=membership.frozen,
        paused=membership.paused, at=at,
    )  # fmt: skip


def is_given_now(given: GivenMembership, at: datetime) -> bool:
    """Whether a membership that was given gives standing at a moment."""
    return stands_by_gift(begins_at=given.begins_at, ends_at=given.ends_at, frozen=given.frozen, at=at)


def standing_at(at: Any, *, grace_from: Any = None) -> ColumnElement[bool]:
    """`stands` as an SQL condition on `Membership`; a test holds the two together. `at` may be a parameter of a prepared
    statement; then `grace_from` is the one that is `GRACE` earlier."""
    grace_from = at - GRACE if grace_from is None else grace_from
    in_time = or_(Membership.paid_until > at, and_(Membership.paused.is_(False), Membership.paid_until > grace_from))
    return and_(Membership.status.not_in(ENDED | NOT_BEGUN), in_time, Membership.frozen.is_(False))


def given_at(at: Any) -> ColumnElement[bool]:
    """`is_given_now` as an SQL condition on `GivenMembership`; a test holds the two together."""
    in_time = and_(GivenMembership.begins_at <= at, GivenMembership.ends_at > at)
    return and_(in_time, GivenMembership.frozen.is_(False))


def held_at(at: Any) -> ColumnElement[bool]:
    """Seats that somebody holds, as an SQL condition on `GroupSeat`."""
    freed_later = or_(GroupSeat.freed_at.is_(None), GroupSeat.freed_at > at)
    return and_(GroupSeat.reader_id.is_not(None), GroupSeat.taken_at <= at, freed_later)


def pledge_began() -> ColumnElement[Any]:
    """Since when the pledge behind a membership runs, here or elsewhere before: cohorts, months and ballots count from it."""
    return func.coalesce(Membership.pledged_since, Membership.started_at)


def given_pledge_began() -> ColumnElement[Any]:
    """The same of what was given, and of what is paid for elsewhere."""
    return func.coalesce(GivenMembership.pledged_since, GivenMembership.begins_at)


def standings_at(at: Any, *, reader_id: Any = None, grace_from: Any = None) -> Subquery:
    """Every reason why anybody (or this reader) stands well, a row each: `reader_id`, `source`, `source_id`, `tier_id`,
    `since`, `until`, `paused`. A reader with several reasons has several rows."""
    paid = standing_at(at, grace_from=grace_from)
    own = _reasons("membership", Membership.reader_id, Membership.id, pledge_began(), Membership.paid_until)
    own = own.add_columns(Membership.paused.label("paused")).where(Membership.seats.is_(None), paid)
    seat = _reasons("seat", GroupSeat.reader_id, GroupSeat.id, GroupSeat.taken_at, Membership.paid_until)
    seat = seat.add_columns(Membership.paused.label("paused")).join(
        Membership, Membership.id == GroupSeat.membership_id
    )
    seat = seat.where(Membership.seats.is_not(None), held_at(at), paid)
    given = select(
        GivenMembership.reader_id.label("reader_id"), GivenMembership.kind.label("source"),
        GivenMembership.id.label("source_id"), GivenMembership.tier_id.label("tier_id"),
        given_pledge_began().label("since"),
        GivenMembership.ends_at.label("until"), literal(True).label("paused"),
    ).where(given_at(at))  # fmt: skip
    if reader_id is not None:
        own, seat = own.where(Membership.reader_id == reader_id), seat.where(GroupSeat.reader_id == reader_id)
        given = given.where(GivenMembership.reader_id == reader_id)
    return union_all(own, seat, given).subquery("standing")


def _reasons(source: str, reader: Any, row: Any, since: Any, until: Any) -> Select[Any]:
    return select(
        reader.label("reader_id"), literal(source).label("source"), row.label("source_id"),
        Membership.tier_id.label("tier_id"), since.label("since"), until.label("until"),
    )  # fmt: skip


def standings_of(session: Session, reader_id: int, at: datetime) -> list[Standing]:
    """Why a reader stands well at a moment: what lasts longest comes first; empty for one who does not."""
    rows = session.execute(select(standings_at(at, reader_id=reader_id))).all()
    found = [
        Standing(row.source, row.source_id, row.tier_id, row.since, row.until, kept_until(row.until, paused=row.paused))
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.until, -SOURCES.index(one.source), one.source_id), reverse=True)


_OF_READER = standings_at(
    bindparam("at", type_=UtcTime()), reader_id=bindparam("reader"), grace_from=bindparam("grace_from", type_=UtcTime())
)
_STANDS = select(_OF_READER.c.reader_id).limit(1)
"""Prepared: every page of a reader who is signed in asks it."""


def has_standing(session: Session, reader_id: int, at: datetime) -> bool:
    """Whether a reader stands well at this moment, by whatever source."""
    return session.execute(_STANDS, {"at": at, "grace_from": at - GRACE, "reader": reader_id}).first() is not None


def patrons_at(session: Session, at: datetime) -> int:
    """How many readers have standing at this moment, by whatever source."""
    return session.execute(select(func.count(standings_at(at).c.reader_id.distinct()))).scalar_one()

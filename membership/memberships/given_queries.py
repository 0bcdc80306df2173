"""Questions about memberships that were given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from membership.memberships.gift_models import Gift
from membership.memberships.given_models import GivenMembership
from membership.memberships.tiers import Tier
from membership.readers.models import Person
from membership.readers.queries import written_like

PAGE = 25


@dataclass(frozen=True)
class GivenLine:
    """A given membership with its tier's name, and how it stands: `waiting`, `running`, `disputed`, `returned` or `ended`.

    `reader` and `by` are present names or addresses (empty once erased); `by` is who gave it.
    """

    given: GivenMembership
    tier: str
    state: str
    reader: str
    by: str


def given_to(session: Session, reader_id: int, at: datetime) -> list[GivenLine]:
    """What a reader was given, the newest first."""
    return _lines(session, _statement().where(GivenMembership.reader_id == reader_id), at)


def find_complimentary(
    session: Session, sought: str, at: datetime, *, running: bool, after: int | None
) -> tuple[list[GivenLine], bool]:
    """The newsroom's complimentary memberships by the name or address of their readers: those that run, by their end (the
    next one first), or those that ended, the newest end first. At most a page of them, from the one that follows the row
    `after`; and whether there are more."""
    statement = _statement().where(GivenMembership.kind == "complimentary").limit(PAGE + 1)
    end, key = GivenMembership.ends_at, GivenMembership.id
    last = session.get(GivenMembership, after) if after is not None else None
    if sought:
        statement = statement.where(written_like(sought, _reader.name, _reader.email))
    if running:
        statement = statement.where(end > at).order_by(None).order_by(end, key)
        if last is not None:
            statement = statement.where(or_(end > last.ends_at, and_(end == last.ends_at, key > last.id)))
    else:
        statement = statement.where(end <= at).order_by(None).order_by(end.desc(), key.desc())
        if last is not None:
            statement = statement.where(or_(end < last.ends_at, and_(end == last.ends_at, key < last.id)))
    lines = _lines(session, statement, at)
    return lines[:PAGE], len(lines) > PAGE


_reader, _by = aliased(Person), aliased(Person)


def _statement() -> Select[*tuple[Any, ...]]:
    reader, giver = _reader, _by
    return (
        select(GivenMembership, Tier.name, reader, giver, Gift.withdrawn_for)
        .join(Tier, Tier.id == GivenMembership.tier_id)
        .outerjoin(Gift, Gift.given_id == GivenMembership.id)
        .outerjoin(reader, reader.reader_id == GivenMembership.reader_id)
        .outerjoin(giver, giver.reader_id == GivenMembership.given_by)
        .order_by(GivenMembership.id.desc())
    )


def _lines(session: Session, statement: Select[*tuple[Any, ...]], at: datetime) -> list[GivenLine]:
    return [
        GivenLine(given, tier, state_of(given, at, withdrawn_for), _called(reader), _called(giver))
        for given, tier, reader, giver, withdrawn_for in session.execute(statement)
    ]


def state_of(given: GivenMembership, at: datetime, withdrawn_for: str | None = None) -> str:
    """How a given membership stands, in one word; `withdrawn_for` is its gift's."""
    if withdrawn_for == "refund":
        return "returned"
    if given.ends_at is not None and given.ends_at <= at:
        return "ended"
    if given.frozen:
        return "disputed"
    return "waiting" if given.begins_at is None else "running"


def _called(person: Person | None) -> str:
    return (person.name or person.email) if person else ""

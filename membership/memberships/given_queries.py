"""Questions about memberships that were given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from membership.memberships.given_models import GivenMembership
from membership.memberships.tiers import Tier
from membership.readers.models import Person


@dataclass(frozen=True)
class GivenLine:
    """A given membership with its tier's name, and how it stands: `waiting`, `running`, `disputed` or `ended`.

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


def complimentary(session: Session, at: datetime, *, most: int = 500) -> list[GivenLine]:
    """The newsroom's complimentary memberships: those that run first, by their end, then the newest that ended."""
    statement = _statement().where(GivenMembership.kind == "complimentary").limit(most)
    lines = _lines(session, statement, at)
    running = [line for line in lines if line.state != "ended"]
    return [*sorted(running, key=lambda line: (line.given.ends_at or at, line.given.id)),
            *(line for line in lines if line.state == "ended")]  # fmt: skip


def _statement() -> Select[*tuple[Any, ...]]:
    reader, giver = aliased(Person), aliased(Person)
    return (
        select(GivenMembership, Tier.name, reader, giver)
        .join(Tier, Tier.id == GivenMembership.tier_id)
        .outerjoin(reader, reader.reader_id == GivenMembership.reader_id)
        .outerjoin(giver, giver.reader_id == GivenMembership.given_by)
        .order_by(GivenMembership.id.desc())
    )


def _lines(session: Session, statement: Select[*tuple[Any, ...]], at: datetime) -> list[GivenLine]:
    return [
        GivenLine(given, tier, state_of(given, at), _called(reader), _called(giver))
        for given, tier, reader, giver in session.execute(statement)
    ]


def state_of(given: GivenMembership, at: datetime) -> str:
    """How a given membership stands, in one word."""
    if given.ends_at is not None and given.ends_at <= at:
        return "ended"
    if given.frozen:
        return "disputed"
    return "waiting" if given.begins_at is None else "running"


def _called(person: Person | None) -> str:
    return (person.name or person.email) if person else ""

"""The sums by way of coming, by perk, and of who stayed: what is next of them, and writing it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from membership.db import reading, transaction
from membership.reports import marks, perk_rolling, staying, touching
from membership.reports.rolling import AT_ONCE
from membership.reports.staying import Stayed

__all__ = ["forget", "next_ones", "roll"]
forget = marks.forget


@dataclass(frozen=True)
class Next:
    """How far each source is settled, the next of those who stayed, and whether there are more of these."""

    upto: dict[str, int]
    stays: tuple[Stayed, ...]
    more: bool


def next_ones(*, at: datetime) -> Next:
    """Looked up and counted before anything is written: counting who stayed may take seconds, and nobody waits for it."""
    upto = {}
    for source in marks.SOURCES:
        with transaction() as session:
            upto[source] = marks.settled(session, source)
    with reading() as session:
        waiting = staying.due(session, at=at)
        stays = tuple(staying.looked(session, waiting[0])) if waiting else ()
    return Next(upto, stays, len(waiting) > 1)


def roll(session: Session, zone: str, found: Next, *, at: datetime, most: int = AT_ONCE) -> bool:
    """One portion of each; whether there is more."""
    held = marks.held(session, zone, at=at)
    touches = touching.roll(session, held, zone, found.upto, at=at, most=most)
    perks = perk_rolling.roll(session, held, zone, found.upto, at=at, most=most)
    staying.keep(session, list(found.stays))
    session.flush()
    return touches or perks or found.more

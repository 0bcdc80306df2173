"""The daily look: readers whose perks do not fit how they stand, whatever job should have seen to it, are looked at.

Each reader's own job is posted for the very moment; this is the net below it, and what catches up with grants that are older
than the ledger.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.jobs.queue import post
from membership.memberships.standing import standings_at
from membership.perks.actions import READERS_AT_ONCE, wake
from membership.perks.models import Perk, PerkGrant
from membership.perks.states import LIVE, USED_UP

WATCH = "perks.watch"
EVERY = timedelta(days=1)


def ask(session: Session, *, at: datetime, after: int = 0) -> None:
    """Have the look taken at `at`, and from then on every day."""
    post(session, WATCH, WATCH, {"after": after}, due_at=at)


def look(session: Session, *, after: int, at: datetime) -> list[int]:
    """Post the jobs of the readers behind number `after` who need one; the next look follows. Returns who they are."""
    readers = misfits(session, at, after=after, most=READERS_AT_ONCE)
    more = len(readers) == READERS_AT_ONCE
    ask(session, at=at if more else at + EVERY, after=readers[-1] if more else 0)
    for reader_id in readers:
        wake(session, reader_id, at=at)
    return readers


def misfits(session: Session, at: datetime, *, after: int = 0, most: int | None = None) -> list[int]:
    """Readers who hold something that standing does not carry, or that is over."""
    standing = select(standings_at(at).c.reader_id)
    out = (PerkGrant.state.in_(LIVE), Perk.retired_at.is_(None), PerkGrant.reader_id > after)
    used = PerkGrant.state.in_(("redeemed",)) & Perk.kind.in_(USED_UP)
    unfit = (PerkGrant.reader_id.not_in(standing) & ~used) | (
        (PerkGrant.expires_at <= at) & (PerkGrant.state == "issued")
    )
    statement = select(PerkGrant.reader_id).join(Perk, Perk.id == PerkGrant.perk_id).where(*out, unfit)
    return list(session.execute(statement.distinct().order_by(PerkGrant.reader_id).limit(most)).scalars())

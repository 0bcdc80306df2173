"""Drawing up the roll: everybody whose membership is in good standing by settled payments at this moment, once each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from membership.ballots.models import BallotRoll
from membership.memberships.models import Membership
from membership.memberships.standing import standing_at
from membership.readers.models import Reader

RULE = {"who": "membership in good standing when the ballot opens", "weight": 1}
"""Kept with each ballot: one member, one vote."""


def draw_up(session: Session, ballot_id: int, *, at: datetime) -> int:
    """Write the roll of a ballot and say how long it is. Several memberships of one reader are one line."""
    lines = {}
    for membership in _standing_memberships(session, at):
        lines[membership.reader_id] = {
            "ballot_id": ballot_id,
            "reader_id": membership.reader_id,
            "reason": "membership",
            "tier_id": membership.tier_id,
            "paid_until": membership.paid_until,
            "voted": False,
        }
    if lines:
        session.execute(insert(BallotRoll), [lines[reader_id] for reader_id in sorted(lines)])
    return len(lines)


def _standing_memberships(session: Session, at: datetime) -> list[Membership]:
    """Memberships that give standing now; of one reader's, the one that is paid the longest comes last."""
    statement = (
        select(Membership)
        .join(Reader, Reader.id == Membership.reader_id)
        .where(Membership.started_at <= at, standing_at(at), Reader.erased_at.is_(None))
        .order_by(Membership.paid_until, Membership.id)
    )
    return list(session.execute(statement).scalars())

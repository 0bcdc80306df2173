"""Drawing up the roll: everybody in good standing at this moment, once each, with the reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from membership.ballots.models import BallotRoll
from membership.memberships.standing import SOURCES, standings_at
from membership.readers.models import Reader

RULE = {"who": "membership in good standing when the ballot opens", "weight": 1}
"""Kept with each ballot: one member, one vote."""


def draw_up(session: Session, ballot_id: int, *, at: datetime) -> int:
    """Write the roll of a ballot and say how long it is. Several reasons of one reader are one line: the one that lasts
    longest, and of those that last as long one's own payment first (`SOURCES`)."""
    found = standings_at(at)
    statement = select(found).join(Reader, Reader.id == found.c.reader_id)
    rows = session.execute(statement.where(found.c.since <= at, Reader.erased_at.is_(None))).all()
    lines = {}
    for row in sorted(rows, key=lambda row: (row.until, -SOURCES.index(row.source), row.source_id)):
        lines[row.reader_id] = {
            "ballot_id": ballot_id,
            "reader_id": row.reader_id,
            "reason": row.source,
            "tier_id": row.tier_id,
            "paid_until": row.until,
            "voted": False,
        }
    if lines:
        session.execute(insert(BallotRoll), [lines[reader_id] for reader_id in sorted(lines)])
    return len(lines)

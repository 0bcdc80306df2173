"""Questions behind the support page: what patrons decide now, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot
from membership.memberships.standing import patrons_at
from membership.promises.models import Promise


def patrons(session: Session, at: datetime) -> int:
    """How many readers have standing at this moment."""
    return patrons_at(session, at)


def open_ballots(session: Session, at: datetime, most: int = 2) -> list[Ballot]:
    """The ballots that take votes at this moment, the next to close first."""
    statement = select(Ballot).where(Ballot.status == "open", Ballot.opens_at <= at, Ballot.closes_at > at)
    return list(session.execute(statement.order_by(Ballot.closes_at).limit(most)).scalars())


def kept(session: Session, most: int = 3) -> list[Promise]:
    """The stories published last that patrons had asked for."""
    statement = (
        select(Promise).where(Promise.state == "published").order_by(Promise.closed_at.desc(), Promise.id.desc())
    )
    return list(session.execute(statement.limit(most)).scalars())


def under_way(session: Session, most: int = 3) -> list[Promise]:
    """Topics that won and are being reported, the next date first."""
    statement = select(Promise).where(Promise.state.in_(["accepted", "reporting"]))
    return list(session.execute(statement.order_by(Promise.due_on, Promise.id).limit(most)).scalars())

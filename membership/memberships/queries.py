"""Questions about memberships and tiers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.memberships.models import Membership
from membership.memberships.rules import is_in_good_standing


def memberships_of(session: Session, reader_id: int) -> list[Membership]:
    """A reader's memberships, the newest first."""
    statement = select(Membership).where(Membership.reader_id == reader_id).order_by(Membership.id.desc())
    return list(session.execute(statement).scalars())


def has_standing(session: Session, reader_id: int, at: datetime) -> bool:
    """Whether any of a reader's memberships gives standing at this moment."""
    return any(
        is_in_good_standing(status=membership.status, paid_until=membership.paid_until, at=at)
        for membership in memberships_of(session, reader_id)
    )

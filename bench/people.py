"""Many patrons at once, for benchmarks: written in one transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from membership.db import engine_for
from membership.memberships.models import Membership, Movement
from membership.readers import actions as readers
from tests import make

JOINED = datetime(2026, 11, 1, 12, tzinfo=UTC)


def patrons(url: str, count: int) -> list[int]:
    """The newsroom, a tier, and patrons with running memberships `sub_0`, `sub_1`, …; their reader ids."""
    engine = engine_for(url)
    with Session(engine, expire_on_commit=False) as session:
        make.newsroom(session)
        tier = make.tier(session, "friend", monthly=500)
        found = []
        for number in range(count):
            person = readers.know(session, f"patron{number}@example.org", at=JOINED, name=f"Patron {number}")
            membership = Membership(
                subscription_id=f"sub_{number}", reader_id=person.reader_id, tier_id=tier.id, status="active",
                currency="EUR", amount=500, interval="month", counted=6000, started_at=JOINED,
                period_ends_at=JOINED + timedelta(days=30), paid_until=JOINED + timedelta(days=30),
            )  # fmt: skip
            session.add(membership)
            session.flush()
            session.add(
                Movement(
                    membership_id=membership.id, sequence=1, reader_id=person.reader_id, tier_id=tier.id, kind="new",
                    currency="EUR", yearly=6000, at=JOINED,
                )
            )  # fmt: skip
            found.append(person.reader_id)
        session.commit()
    engine.dispose()
    return found

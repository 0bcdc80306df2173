"""What was issued of a perk, as staff see it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from membership.perks.claim_models import PerkParcel, PerkSeat
from membership.perks.models import Perk, PerkGrant, PerkStep
from membership.perks.queries import steps_of
from membership.readers.models import Person

MOST = 100


@dataclass(frozen=True)
class GrantLine:
    """A grant, whose it is (None: an erased reader's), its last step, and its seat or parcel."""

    grant: PerkGrant
    person: Person | None
    step: PerkStep | None
    seat: PerkSeat | None
    parcel: PerkParcel | None


def grant_lines(session: Session, perk: Perk) -> list[GrantLine]:
    """At most `MOST` grants of a perk: what was claimed and waits for something first, then the newest."""
    statement = (
        select(PerkGrant, Person, PerkSeat, PerkParcel)
        .join(Person, Person.reader_id == PerkGrant.reader_id, isouter=True)
        .join(PerkSeat, PerkSeat.grant_id == PerkGrant.id, isouter=True)
        .join(PerkParcel, PerkParcel.grant_id == PerkGrant.id, isouter=True)
        .where(PerkGrant.perk_id == perk.id)
        .order_by(case((PerkGrant.state == "claimed", 0), else_=1), PerkGrant.id.desc())
        .limit(MOST)
    )
    rows = session.execute(statement).all()
    steps = steps_of(session, [row[0].id for row in rows])
    return [
        GrantLine(grant, person, steps[grant.id][-1] if grant.id in steps else None, seat, parcel)
        for grant, person, seat, parcel in rows
    ]

"""Questions about groups and their seats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership
from membership.memberships.rules import ENDED
from membership.memberships.standing import stands
from membership.memberships.tiers import Tier
from membership.readers.models import Person


@dataclass(frozen=True)
class SeatLine:
    """A seat that is taken or offered; `name` is its holder's name, else the address it was offered to (the
    holder's own, should it be another one, is not the payer's to know); empty once erased."""

    seat: GroupSeat
    name: str


@dataclass(frozen=True)
class HeldSeat:
    """A seat as its holder sees it: who pays (empty once erased), until when, and whether it gives standing now."""

    seat: GroupSeat
    tier: str
    payer: str
    until: datetime | None
    stands: bool


def current_group(session: Session, payer_id: int) -> Membership | None:
    """The group that a reader pays for and that has not ended; the newest of several."""
    mine = (Membership.reader_id == payer_id, Membership.seats.is_not(None), Membership.status.not_in(ENDED))
    statement = select(Membership).where(*mine).order_by(Membership.id.desc()).limit(1)
    return session.execute(statement).scalar_one_or_none()


def seat_lines(session: Session, membership_id: int) -> list[SeatLine]:
    """The seats of a group that are taken or offered, the first one first."""
    statement = (
        select(GroupSeat, Person)
        .outerjoin(Person, Person.reader_id == GroupSeat.reader_id)
        .where(GroupSeat.membership_id == membership_id, GroupSeat.freed_at.is_(None))
        .order_by(GroupSeat.id)
    )
    return [
        SeatLine(seat, "" if seat.reader_id is not None and person is None else (person and person.name) or seat.email)
        for seat, person in session.execute(statement)
    ]


def taken_seats(session: Session, membership_id: int) -> int:
    """How many seats of a group are taken or offered."""
    mine = (GroupSeat.membership_id == membership_id, GroupSeat.freed_at.is_(None))
    return session.execute(select(func.count()).select_from(GroupSeat).where(*mine)).scalar_one()


def seat_by_token(session: Session, token: str) -> GroupSeat | None:
    """The seat whose invitation carries this secret."""
    return session.execute(select(GroupSeat).where(GroupSeat.token == token)).scalar_one_or_none()


def seats_of_reader(session: Session, reader_id: int, at: datetime) -> list[HeldSeat]:
    """The seats that a reader holds, of groups that have not ended."""
    statement = (
        select(GroupSeat, Membership, Tier.name, Person)
        .join(Membership, Membership.id == GroupSeat.membership_id)
        .join(Tier, Tier.id == Membership.tier_id)
        .outerjoin(Person, Person.reader_id == Membership.reader_id)
        .where(GroupSeat.reader_id == reader_id, GroupSeat.freed_at.is_(None), Membership.status.not_in(ENDED))
        .order_by(GroupSeat.id)
    )
    return [
        HeldSeat(seat, tier, (payer.name or payer.email) if payer else "", group.paid_until, stands(group, at))
        for seat, group, tier, payer in session.execute(statement)
    ]

"""Seats at an event: as many as there are, and a waiting list that moves up in the order in which people asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.mail.writing import Recipient, write
from membership.perks import ledger
from membership.perks.claim_models import PerkSeat
from membership.perks.models import Perk, PerkGrant
from membership.perks.states import NotNow
from membership.readers.models import Person


def ask(session: Session, grant_id: int, *, perk_id: int, reader_id: int, at: datetime) -> bool:
    """Ask for a seat; whether it was there, or the reader waits now. Asked twice it is one. Raises `NoSuchPerk`, `NotNow`."""
    perk = ledger.hold_perk(session, perk_id)  # seats are given one after the other
    grant, of = ledger.hold(session, grant_id, reader_id=reader_id)
    if of.id != perk.id or perk.kind != "event" or perk.retired_at is not None:
        raise NotNow()
    if perk.ends_at is not None and perk.ends_at <= at:
        raise NotNow()
    if grant.state == "issued":
        ledger.bring(session, grant, perk, "claimed", at=at)
        seat = PerkSeat(grant_id=grant.id, perk_id=perk.id, asked_at=at)
        session.add(seat)
        refill(session, perk, at=at, quiet=grant.id)
    elif grant.state != "claimed":
        raise NotNow()
    return session.get_one(PerkSeat, grant.id).seated_at is not None


def give_back(session: Session, grant_id: int, *, perk_id: int, reader_id: int, at: datetime) -> None:
    """Give a seat, or a place on the list, back; who has waited longest moves up. Raises `NoSuchPerk`, `NotNow`."""
    perk = ledger.hold_perk(session, perk_id)
    grant, of = ledger.hold(session, grant_id, reader_id=reader_id)
    if of.id != perk.id or perk.kind != "event":
        raise NotNow()
    if grant.state == "issued":
        return
    ledger.bring(session, grant, perk, "issued", at=at, why="left")
    session.delete(session.get_one(PerkSeat, grant.id))
    refill(session, perk, at=at)


def refill(session: Session, perk: Perk, *, at: datetime, quiet: int | None = None) -> int:
    """Free the seats of those who may not come any more, and let as many move up as there is room for; returns how many.

    The perk's row must be held. Who moves up is told by letter, but for grant `quiet`, who reads it on the page.
    """
    if perk.kind != "event":
        return 0
    session.flush()
    _free(session, perk)
    room = None if perk.capacity is None else max(0, perk.capacity - seated(session, perk.id))
    waiting = (
        select(PerkSeat)
        .join(PerkGrant, PerkGrant.id == PerkSeat.grant_id)
        .where(PerkSeat.perk_id == perk.id, PerkSeat.seated_at.is_(None), PerkGrant.state == "claimed")
        .order_by(PerkSeat.asked_at, PerkSeat.grant_id)
        .limit(room)
    )
    moved = session.execute(waiting).scalars().all()
    for seat in moved:
        seat.seated_at = at
        if seat.grant_id != quiet:
            _tell(session, seat, perk, at=at)
    session.flush()
    return len(moved)


def _free(session: Session, perk: Perk) -> None:
    """A revoked reader's seat is free; their place in the order of asking stays, should they come back."""
    gone = (
        select(PerkSeat)
        .join(PerkGrant, PerkGrant.id == PerkSeat.grant_id)
        .where(PerkSeat.perk_id == perk.id, PerkSeat.seated_at.is_not(None), PerkGrant.state == "revoked")
    )
    for seat in session.execute(gone).scalars():
        seat.seated_at = None
    session.flush()


def seated(session: Session, perk_id: int) -> int:
    """How many seats are taken."""
    taken = select(func.count()).where(PerkSeat.perk_id == perk_id, PerkSeat.seated_at.is_not(None))
    return session.execute(taken).scalar_one()


def _tell(session: Session, seat: PerkSeat, perk: Perk, *, at: datetime) -> None:
    grant = session.get_one(PerkGrant, seat.grant_id)
    person = session.get(Person, grant.reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        key = f"perk-seat:{grant.id}:{seat.asked_at:%Y%m%d%H%M%S%f}:{at:%Y%m%d%H%M%S%f}"
        write(session, "perk_seat", to, key=key, at=at, perk=perk, grant=grant)

"""At the door of an evening: each seat is let in once, by its code scanned or typed, and a mistake is undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership.newsroom import queries as newsroom
from membership.perks import ledger, queries
from membership.perks.claim_models import PerkSeat
from membership.perks.models import Perk, PerkGrant
from membership.perks.rules import read_code
from membership.perks.states import NoSuchPerk
from membership.readers import trail
from membership.readers.models import Person
from membership.refusals import N_, Refused

MOST = 100


class NotAtThisDoor(Refused):
    """No seat of this evening has the code."""

    field = "code"
    words = N_("No seat of this event has that code. Please look at it once more, or find the guest by name.")


class NoSeat(Refused):
    """The guest waits on the list, gave the seat back, or may not come at the moment."""

    status = 409
    field = "code"
    words = N_("This guest has no seat: it was given back or taken back, or they are on the waiting list.")


class CameAlready(Refused):
    """Somebody with this seat has been let in."""

    status = 409
    field = "code"
    words = N_("With this seat somebody has come in already, at %(time)s.")


@dataclass(frozen=True)
class Guest:
    """Somebody with a seat; `person` None: an erased reader's."""

    grant: PerkGrant
    seat: PerkSeat
    person: Person | None


@dataclass(frozen=True)
class Door:
    """An evening as whoever stands at the door sees it: how many have come of how many seats, and the guests that were
    looked for (or that came last)."""

    perk: Perk
    come: int
    seats: int
    guests: tuple[Guest, ...]


def grant_at(session: Session, perk_id: int, typed: str) -> PerkGrant:
    """The grant whose code was scanned or typed. Raises `NotAtThisDoor`."""
    code = read_code(typed)
    found = queries.grant_by_code(session, code) if code else None
    if found is None or found[1].id != perk_id or found[1].kind != "event":
        raise NotAtThisDoor()
    return found[0]


def let_in(session: Session, perk_id: int, grant_id: int, *, by: int, at: datetime) -> PerkGrant:
    """Let one guest in, once. Raises `CameAlready`, `NoSeat`, `NoSuchPerk`."""
    grant, perk = ledger.hold(session, grant_id)
    if perk.id != perk_id or perk.kind != "event":
        raise NoSuchPerk()
    seat = session.get(PerkSeat, grant.id, populate_existing=True)
    if grant.state == "redeemed":
        here, came = newsroom.current(session), seat.checked_in_at if seat and seat.checked_in_at else at
        raise CameAlready(time=f"{came.astimezone(ZoneInfo(here.time_zone if here else 'UTC')):%H:%M}")
    if grant.state != "claimed" or seat is None or seat.seated_at is None:
        raise NoSeat()
    ledger.bring(session, grant, perk, "redeemed", at=at, by=by, why="door")
    seat.checked_in_at = at
    return grant


def name_of(session: Session, grant: PerkGrant) -> str:
    """What the guest is called."""
    person = session.get(Person, grant.reader_id)
    return (person.name or person.email) if person else ""


def undo(session: Session, perk_id: int, grant_id: int, *, by: int, at: datetime) -> None:
    """The wrong one was let in: the seat is as it was. Raises `NoSuchPerk`, `NoSeat`."""
    grant, perk = ledger.hold(session, grant_id)
    seat = session.get(PerkSeat, grant.id, populate_existing=True)
    if perk.id != perk_id or perk.kind != "event":
        raise NoSuchPerk()
    if grant.state != "redeemed" or seat is None or seat.checked_in_at is None:
        raise NoSeat()
    ledger.bring(session, grant, perk, "claimed", at=at, by=by, why="door")
    seat.checked_in_at = None
    trail.note(session, actor_id=by, action="perk:door_undone", object=f"perk/{perk.id}", at=at, grant=grant.id)


def door(session: Session, perk_id: int, *, looked_for: str = "") -> Door:
    """The evening, and its guests: those whose name or address has these letters, else who came last, then who is to come.

    Raises `NoSuchPerk`.
    """
    perk = queries.perk_by_id(session, perk_id)
    if perk.kind != "event":
        raise NoSuchPerk()
    own = (PerkSeat.perk_id == perk.id, PerkSeat.seated_at.is_not(None), PerkGrant.state.in_(("claimed", "redeemed")))
    joined = select(PerkGrant, PerkSeat, Person).join(PerkSeat, PerkSeat.grant_id == PerkGrant.id)
    guests = joined.join(Person, Person.reader_id == PerkGrant.reader_id, isouter=True).where(*own)
    if looked_for:
        letters = looked_for.casefold()
        guests = guests.where(
            or_(func.lower(Person.name).contains(letters, autoescape=True),
                func.lower(Person.email).contains(letters, autoescape=True))
        )  # fmt: skip
    order = (PerkSeat.checked_in_at.is_(None), PerkSeat.checked_in_at.desc(), Person.name, PerkGrant.id)
    rows = session.execute(guests.order_by(*order).limit(MOST)).all()
    counted = select(func.count(PerkSeat.checked_in_at), func.count()).join(PerkGrant, PerkGrant.id == PerkSeat.grant_id)
    come, seats = session.execute(counted.where(*own)).one()
    return Door(perk, come, seats, tuple(Guest(*row) for row in rows))

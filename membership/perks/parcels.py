"""Physical things: a size, an address that is asked for again when it is old, the packing list, sent and returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.mail.writing import Recipient, write
from membership.perks import ledger
from membership.perks.claim_models import PerkParcel, PostalAddress
from membership.perks.models import Perk, PerkGrant
from membership.perks.states import NotNow
from membership.readers.models import Person
from membership.refusals import N_, Refused

OLD = timedelta(days=180)
"""An address that was last confirmed so long ago is asked for again before anything goes there."""
PARTS = ("name", "street", "extra", "postcode", "town", "region", "country")
HEAD = ("grant", "perk", "size", "name", "street", "extra", "postcode", "town", "region", "country", "confirmed")


class NoSuchSize(Refused):
    """A size that the thing does not come in."""

    field = "size"
    words = N_("Please choose one of the sizes.")


@dataclass(frozen=True)
class ToPack:
    """A parcel that waits to be sent; `address` None or `old`: it cannot go before its reader has looked at it."""

    grant: PerkGrant
    parcel: PerkParcel
    address: PostalAddress | None
    person: Person | None
    old: bool


def sizes_of(perk: Perk) -> list[str]:
    """The sizes that a thing comes in; none when it has no sizes."""
    return [line.strip() for line in perk.sizes.splitlines() if line.strip()]


def is_old(address: PostalAddress | None, parcel: PerkParcel | None, at: datetime) -> bool:
    """Whether an address must be looked at before a parcel goes there: it is missing or old, or the last one came back."""
    if address is None or address.confirmed_at + OLD <= at:
        return True
    returned = parcel.returned_at if parcel else None
    return returned is not None and address.confirmed_at <= returned


def ask(
    session: Session, grant_id: int, reader_id: int, *, size: str, address: Mapping[str, str], at: datetime
) -> PerkParcel:
    """Ask for the thing, in a size, to an address; asked again before it is sent, the last words count.

    Raises `NoSuchSize`, `NotNow`, `NoSuchPerk`, `Rests`.
    """
    grant, perk = ledger.hold_own(session, grant_id, reader_id, "thing", at=at)
    if (sizes_of(perk) or size) and size not in sizes_of(perk):
        raise NoSuchSize()
    if grant.state == "redeemed":
        raise NotNow()
    keep_address(session, reader_id, address, at=at)
    parcel = session.get(PerkParcel, grant.id)
    if parcel is None:
        parcel = PerkParcel(grant_id=grant.id, size=size, asked_at=at)
        session.add(parcel)
    parcel.size = size
    if grant.state == "issued":
        ledger.bring(session, grant, perk, "claimed", at=at)
    session.flush()
    return parcel


def keep_address(session: Session, reader_id: int, address: Mapping[str, str], *, at: datetime) -> PostalAddress:
    """Where a reader's post goes from now on; as of now it is fresh."""
    row = session.get(PostalAddress, reader_id)
    if row is None:
        row = PostalAddress(reader_id=reader_id, **dict.fromkeys(PARTS, ""), confirmed_at=at)
        session.add(row)
    for part in PARTS:
        setattr(row, part, address.get(part, ""))
    row.confirmed_at = at
    session.flush()
    return row


def to_pack(session: Session, perk_id: int, at: datetime) -> list[ToPack]:
    """Everything that was asked for and not sent yet, in the order of asking."""
    statement = (
        select(PerkGrant, PerkParcel, PostalAddress, Person)
        .join(PerkParcel, PerkParcel.grant_id == PerkGrant.id)
        .join(PostalAddress, PostalAddress.reader_id == PerkGrant.reader_id, isouter=True)
        .join(Person, Person.reader_id == PerkGrant.reader_id, isouter=True)
        .where(PerkGrant.perk_id == perk_id, PerkGrant.state == "claimed")
        .order_by(PerkParcel.asked_at, PerkGrant.id)
    )
    return [
        ToPack(grant, parcel, address, person, is_old(address, parcel, at))
        for grant, parcel, address, person in session.execute(statement)
    ]


def packing_rows(perk: Perk, waiting: list[ToPack]) -> list[tuple[str, ...]]:
    """The packing list: what can go out now, one parcel a row, in the columns of `HEAD`."""
    return [
        (str(one.grant.id), perk.title, one.parcel.size, *(getattr(one.address, part) for part in PARTS),
         one.address.confirmed_at.date().isoformat())
        for one in waiting if one.address is not None and not one.old
    ]  # fmt: skip


def send(session: Session, grant: PerkGrant, perk: Perk, *, by: int, at: datetime) -> None:
    """A (held) grant's parcel went out; its reader is told. Raises `NotNow`, also when the address must be looked at."""
    parcel = session.get(PerkParcel, grant.id)
    if parcel is None or is_old(session.get(PostalAddress, grant.reader_id), parcel, at):
        raise NotNow()
    ledger.bring(session, grant, perk, "redeemed", at=at, by=by)
    parcel.sent_at = at
    _tell(session, "perk_sent", grant, perk, at=at)


def take_back(session: Session, grant_id: int, *, by: int, at: datetime) -> None:
    """A parcel came back: it waits again, until its reader has looked at the address. Raises `NoSuchPerk`, `NotNow`."""
    grant, perk = ledger.hold(session, grant_id)
    parcel = session.get(PerkParcel, grant.id)
    if parcel is None or grant.state != "redeemed":
        raise NotNow()
    ledger.bring(session, grant, perk, "claimed", at=at, by=by, why="returned")
    parcel.returned_at = at
    _tell(session, "perk_returned", grant, perk, at=at)


def ask_again(session: Session, perk_id: int, *, at: datetime) -> int:
    """Write to everybody whose parcel waits for a look at the address, at most once a month; returns how many."""
    perk = ledger.hold_perk(session, perk_id)
    waiting = [one.grant for one in to_pack(session, perk.id, at) if one.old]
    return sum(_tell(session, "perk_address", grant, perk, at=at, key=f"{at:%Y-%m}") for grant in waiting)


def _tell(session: Session, letter: str, grant: PerkGrant, perk: Perk, *, at: datetime, key: str = "") -> bool:
    person = session.get(Person, grant.reader_id)
    if person is None:
        return False
    to = Recipient(person.email, person.name, person.language, person.reader_id)
    return write(session, letter, to, key=f"{letter}:{grant.id}:{key or at.isoformat()}", at=at, perk=perk, grant=grant)


def parcel_of(session: Session, grant: PerkGrant) -> PerkParcel | None:
    """A grant's parcel, once it was asked for."""
    return session.get(PerkParcel, grant.id)

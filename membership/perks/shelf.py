"""What a reader sees of perks: what is theirs and how it stands, what comes next and when, why something is not theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.memberships.tiers import Tier
from membership.perks import feeds, files, ledger, parcels, queries
from membership.perks.claim_models import PerkParcel, PerkSeat, PostalAddress, WallName
from membership.perks.models import Perk, PerkGrant, PerkStep
from membership.perks.states import LIVE
from membership.perks.stock_models import PerkCode, PerkFeed, PerkFile
from membership.perks.terms import look


@dataclass(frozen=True)
class Held:
    """A grant and what its kind adds to it; what does not belong to its kind is None or empty.

    `waiting`: the place on an event's waiting list, counted from 1; None for whoever has a seat or asked for none.
    """

    grant: PerkGrant
    perk: Perk
    code: PerkCode | None = None
    files: tuple[PerkFile, ...] = ()
    feed: PerkFeed | None = None
    seat: PerkSeat | None = None
    waiting: int | None = None
    parcel: PerkParcel | None = None
    address_old: bool = False
    wall_name: WallName | None = None


@dataclass(frozen=True)
class NotTheirs:
    """A perk that a reader has not: `why` is a word of `terms.Answer`, `at` when it comes, `tiers` whose it is."""

    perk: Perk
    why: str
    at: datetime | None
    tiers: tuple[str, ...]


@dataclass(frozen=True)
class Past:
    """A grant that is over or was taken back, and when."""

    grant: PerkGrant
    perk: Perk
    step: PerkStep


@dataclass
class Shelf:
    """Everything about one reader's perks."""

    held: list[Held] = field(default_factory=list)
    coming: list[NotTheirs] = field(default_factory=list)
    not_theirs: list[NotTheirs] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)


def shelf_of(session: Session, reader_id: int, at: datetime) -> Shelf:
    """The whole shelf of a reader. Perks that were retired are not on it."""
    stand = queries.stand_of(session, reader_id, at)
    grants = queries.every_grant_of(session, reader_id)
    names = {row.id: row.name for row in session.execute(select(Tier.id, Tier.name).order_by(Tier.position))}
    shelf = Shelf()
    perks = queries.perks_with_tiers(session)
    for perk, bound in perks:
        had = queries.had_of(grants, perk.id)
        taken = ledger.places_taken(session, perk.id) if perk.most is not None else 0
        answer = look(queries.terms_of(perk, bound), stand, had, issued=taken, at=at)
        tiers = tuple(name for tier_id, name in names.items() if tier_id in bound)
        line = NotTheirs(perk, answer.why, answer.at, tiers)
        if answer.due or answer.at is not None:
            shelf.coming.append(line)
        elif answer.why != "had" and not had.times:
            shelf.not_theirs.append(line)
    shelf.coming.sort(key=lambda line: line.at or at)
    _fill(session, shelf, grants, {perk.id: perk for perk, _ in perks}, at)
    return shelf


def _fill(session: Session, shelf: Shelf, grants: list[PerkGrant], perks: dict[int, Perk], at: datetime) -> None:
    steps = queries.steps_of(session, [grant.id for grant in grants])
    for grant in reversed(grants):
        perk = perks.get(grant.perk_id)
        if perk is None:
            continue
        if grant.state in LIVE:
            shelf.held.append(held(session, grant, perk, at))
        elif steps.get(grant.id):
            shelf.past.append(Past(grant, perk, steps[grant.id][-1]))


def held(session: Session, grant: PerkGrant, perk: Perk, at: datetime) -> Held:
    """A grant with what its kind adds."""
    if perk.kind == "code":
        code = session.execute(select(PerkCode).where(PerkCode.grant_id == grant.id)).scalar_one_or_none()
        return Held(grant, perk, code=code)
    if perk.kind == "file":
        return Held(grant, perk, files=tuple(files.files_of(session, perk.id)))
    if perk.kind == "feed":
        return Held(grant, perk, feed=feeds.current(session, grant.id))
    if perk.kind == "event":
        return _seated(session, grant, perk)
    if perk.kind == "thing":
        parcel = session.get(PerkParcel, grant.id)
        old = parcels.is_old(session.get(PostalAddress, grant.reader_id), parcel, at)
        return Held(grant, perk, parcel=parcel, address_old=old and grant.state == "claimed")
    if perk.kind == "wall":
        return Held(grant, perk, wall_name=session.get(WallName, grant.id))
    return Held(grant, perk)


def _seated(session: Session, grant: PerkGrant, perk: Perk) -> Held:
    seat = session.get(PerkSeat, grant.id)
    if seat is None or seat.seated_at is not None:
        return Held(grant, perk, seat=seat)
    before = (
        select(func.count())
        .select_from(PerkSeat)
        .join(PerkGrant, PerkGrant.id == PerkSeat.grant_id)
        .where(
            PerkSeat.perk_id == perk.id, PerkSeat.seated_at.is_(None), PerkGrant.state == "claimed",
            (PerkSeat.asked_at < seat.asked_at)
            | ((PerkSeat.asked_at == seat.asked_at) & (PerkSeat.grant_id < seat.grant_id)),
        )
    )  # fmt: skip
    return Held(grant, perk, seat=seat, waiting=session.execute(before).scalar_one() + 1)

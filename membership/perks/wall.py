"""The wall of thanks: only who wishes to stands there, called as they wish, or counted without a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.memberships.standing import standings_at
from membership.perks import ledger
from membership.perks.claim_models import WallName
from membership.perks.models import Perk, PerkGrant


@dataclass(frozen=True)
class Wall:
    """What the public page shows: the names in alphabetical order, and how many stand there without one."""

    names: tuple[str, ...]
    unnamed: int


def put(session: Session, grant_id: int, reader_id: int, name: str | None, *, at: datetime) -> None:
    """Put a patron on the wall, or change how they are called there (None: without a name).

    Raises `NoSuchPerk`, `NotNow`, `Rests`.
    """
    grant, perk = ledger.hold_own(session, grant_id, reader_id, "wall", at=at)
    row = session.get(WallName, grant.id)
    if row is None:
        session.add(WallName(grant_id=grant.id, name=name, put_at=at))
    else:
        row.name = name
    if grant.state == "issued":
        ledger.bring(session, grant, perk, "claimed", at=at)
    session.flush()


def take_down(session: Session, grant_id: int, reader_id: int, *, at: datetime) -> None:
    """Take a patron off the wall; nothing of the name is kept. Raises `NoSuchPerk`."""
    grant, perk = ledger.hold(session, grant_id, reader_id=reader_id)
    row = session.get(WallName, grant.id)
    if row is not None:
        session.delete(row)
    if grant.state == "claimed" and perk.kind == "wall":
        ledger.bring(session, grant, perk, "issued", at=at, why="left")


def wall(session: Session, at: datetime) -> Wall | None:
    """Who stands on the wall now: patrons in good standing who asked for it. None while there is no such perk."""
    there = select(Perk.id).where(Perk.kind == "wall", Perk.retired_at.is_(None)).limit(1)
    if session.execute(there).first() is None:
        return None
    statement = (
        select(WallName.name)
        .join(PerkGrant, PerkGrant.id == WallName.grant_id)
        .join(Perk, Perk.id == PerkGrant.perk_id)
        .where(
            PerkGrant.state == "claimed", Perk.retired_at.is_(None),
            PerkGrant.reader_id.in_(select(standings_at(at).c.reader_id)),
        )
    )  # fmt: skip
    names = session.execute(statement).scalars().all()
    named = sorted((name for name in names if name), key=str.casefold)
    return Wall(tuple(named), len(names) - len(named))

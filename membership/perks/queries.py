"""Questions about perks and their grants."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.memberships.standing import standings_at, standings_of
from membership.memberships.tiers import Tier
from membership.perks.models import Perk, PerkGrant, PerkTier


@dataclass(frozen=True)
class PerkLine:
    """A perk as staff see it: the names of its tiers (none: all of them), and how many readers have it."""

    perk: Perk
    tiers: tuple[str, ...]
    granted: int


def grants_of(session: Session, reader_id: int) -> list[tuple[PerkGrant, Perk]]:
    """What was issued to a reader and not retired since, the newest first."""
    statement = (
        select(PerkGrant, Perk)
        .join(Perk, Perk.id == PerkGrant.perk_id)
        .where(PerkGrant.reader_id == reader_id, Perk.retired_at.is_(None))
        .order_by(PerkGrant.issued_at.desc(), PerkGrant.id.desc())
    )
    return [(grant, perk) for grant, perk in session.execute(statement)]


def grant_by_code(session: Session, code: str) -> tuple[PerkGrant, Perk] | None:
    """The grant that a personal code proves, unless its perk was retired."""
    statement = (
        select(PerkGrant, Perk)
        .join(Perk, Perk.id == PerkGrant.perk_id)
        .where(PerkGrant.code == code, Perk.retired_at.is_(None))
    )
    row = session.execute(statement).first()
    return (row[0], row[1]) if row else None


def standing_tiers(session: Session, reader_id: int, at: datetime) -> set[int]:
    """The tiers in which a reader has standing at this moment."""
    return {standing.tier_id for standing in standings_of(session, reader_id, at)}


def perks_with_tiers(session: Session) -> list[tuple[Perk, frozenset[int]]]:
    """Every perk that is issued at present, and the tiers it is bound to."""
    perks = session.execute(select(Perk).where(Perk.retired_at.is_(None)).order_by(Perk.id)).scalars().all()
    bound = session.execute(select(PerkTier.perk_id, PerkTier.tier_id)).all()
    return [(perk, frozenset(tier_id for perk_id, tier_id in bound if perk_id == perk.id)) for perk in perks]


def readers_with_standing(session: Session, at: datetime, *, after: int = 0, most: int | None = None) -> list[int]:
    """The readers who have standing at this moment, by their numbers: the next so many behind reader `after`."""
    readers = standings_at(at).c.reader_id
    statement = select(readers).where(readers > after).distinct().order_by(readers).limit(most)
    return list(session.execute(statement).scalars())


def known_tiers(session: Session, tier_ids: Collection[int]) -> set[int]:
    """Those of these tiers that there are."""
    return set(session.execute(select(Tier.id).where(Tier.id.in_(tier_ids))).scalars())


def perk_lines(session: Session) -> list[PerkLine]:
    """Every perk for the staff's list, those still issued first."""
    perks = session.execute(select(Perk).order_by(Perk.retired_at.is_not(None), Perk.id.desc())).scalars().all()
    counted = select(PerkGrant.perk_id, func.count()).group_by(PerkGrant.perk_id)
    granted = dict(session.execute(counted).all())
    named = select(PerkTier.perk_id, Tier.name).join(Tier, Tier.id == PerkTier.tier_id).order_by(Tier.position)
    tiers: dict[int, list[str]] = {}
    for perk_id, name in session.execute(named):
        tiers.setdefault(perk_id, []).append(name)
    return [PerkLine(perk, tuple(tiers.get(perk.id, ())), granted.get(perk.id, 0)) for perk in perks]

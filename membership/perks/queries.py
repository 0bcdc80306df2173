"""Questions about perks and their grants."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.memberships.given_models import GivenMembership
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership
from membership.memberships.standing import given_pledge_began, pledge_began, standings_at, standings_of
from membership.memberships.tiers import Tier
from membership.perks.models import Perk, PerkGrant, PerkStep, PerkTier
from membership.perks.states import LIVE, NoSuchPerk
from membership.perks.terms import Had, Stand, Terms, unbroken_since


def stand_of(session: Session, reader_id: int, at: datetime) -> Stand:
    """How a reader stands at this moment, by whatever source."""
    standings = standings_of(session, reader_id, at)
    if not standings:
        return Stand()
    return Stand(
        tiers=frozenset(one.tier_id for one in standings),
        since=unbroken_since(_spans(session, reader_id), at=at),
        kept_until=max(one.kept_until for one in standings),
    )


def _spans(session: Session, reader_id: int) -> list[tuple[datetime, datetime]]:
    """Every time in which something gave this reader standing: memberships, seats, what was given. A pledge that ran
    elsewhere before counts from when it began there."""
    own = select(pledge_began(), Membership.paid_until).where(
        Membership.reader_id == reader_id, Membership.seats.is_(None), Membership.paid_until.is_not(None)
    )
    seats = (
        select(GroupSeat.taken_at, Membership.paid_until, GroupSeat.freed_at)
        .join(Membership, Membership.id == GroupSeat.membership_id)
        .where(GroupSeat.reader_id == reader_id, Membership.paid_until.is_not(None))
    )
    given = select(given_pledge_began(), GivenMembership.ends_at).where(
        GivenMembership.reader_id == reader_id, GivenMembership.begins_at.is_not(None)
    )
    rows = [
        *((begins, ends, None) for begins, ends in session.execute(own)),
        *((begins, ends, None) for begins, ends in session.execute(given)),
        *session.execute(seats),
    ]
    return [(begins, min(ends, freed or ends)) for begins, ends, freed in rows if begins and ends]


def ranks(session: Session) -> dict[int, int]:
    """The tiers' places in their order, the smallest tier first."""
    return {row.id: row.position for row in session.execute(select(Tier.id, Tier.position))}


def terms_of(perk: Perk, tiers: Collection[int]) -> Terms:
    """A perk's terms as plain values."""
    return Terms(
        tiers=frozenset(tiers), months=perk.months, rhythm=perk.rhythm, opens_at=perk.opens_at, closes_at=perk.closes_at,
        most=perk.most,
    )  # fmt: skip


def had_of(grants: Sequence[PerkGrant], perk_id: int) -> Had:
    """What of a perk a reader was issued, from all their grants."""
    mine = [grant for grant in grants if grant.perk_id == perk_id]
    return Had(len(mine), max((grant.issued_at for grant in mine), default=None))


def every_grant_of(session: Session, reader_id: int) -> list[PerkGrant]:
    """Everything that was ever issued to a reader, in order."""
    statement = select(PerkGrant).where(PerkGrant.reader_id == reader_id).order_by(PerkGrant.id)
    return list(session.execute(statement).scalars())


def grants_of(session: Session, reader_id: int) -> list[tuple[PerkGrant, Perk]]:
    """What a reader has: issued, not over, not revoked, and its perk not retired; the newest first."""
    statement = (
        select(PerkGrant, Perk)
        .join(Perk, Perk.id == PerkGrant.perk_id)
        .where(PerkGrant.reader_id == reader_id, PerkGrant.state.in_(LIVE), Perk.retired_at.is_(None))
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


def steps_of(session: Session, grant_ids: Collection[int]) -> dict[int, list[PerkStep]]:
    """Each grant's steps in order."""
    steps: dict[int, list[PerkStep]] = {}
    statement = select(PerkStep).where(PerkStep.grant_id.in_(grant_ids)).order_by(PerkStep.id)
    for step in session.execute(statement).scalars():
        steps.setdefault(step.grant_id, []).append(step)
    return steps


def standing_tiers(session: Session, reader_id: int, at: datetime) -> set[int]:
    """The tiers in which a reader has standing at this moment."""
    return {standing.tier_id for standing in standings_of(session, reader_id, at)}


def perk_by_id(session: Session, perk_id: int) -> Perk:
    """A perk. Raises `NoSuchPerk`."""
    perk = session.get(Perk, min(perk_id, 2**63 - 1))
    if perk is None:
        raise NoSuchPerk()
    return perk


def tiers_of(session: Session, perk_id: int) -> list[int]:
    """The tiers that a perk is bound to; none: all of them."""
    return sorted(session.execute(select(PerkTier.tier_id).where(PerkTier.perk_id == perk_id)).scalars())


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


def readers_concerned(session: Session, at: datetime, *, after: int = 0, most: int | None = None) -> list[int]:
    """The same, with those who still have something that was issued, standing or not."""
    holding = (
        select(PerkGrant.reader_id)
        .where(PerkGrant.reader_id > after, PerkGrant.state.in_(LIVE))
        .distinct().order_by(PerkGrant.reader_id).limit(most)
    )  # fmt: skip
    both = {*session.execute(holding).scalars(), *readers_with_standing(session, at, after=after, most=most)}
    return sorted(both)[:most]


def known_tiers(session: Session, tier_ids: Collection[int]) -> set[int]:
    """Those of these tiers that there are."""
    return set(session.execute(select(Tier.id).where(Tier.id.in_(tier_ids))).scalars())


@dataclass(frozen=True)
class PerkLine:
    """A perk as staff see it: the names of its tiers (none: all of them), and how many grants stand in which state."""

    perk: Perk
    tiers: tuple[str, ...]
    states: dict[str, int]

    @property
    def granted(self) -> int:
        """How many were issued, whatever became of them."""
        return sum(self.states.values())

    @property
    def live(self) -> int:
        """How many are out: issued, claimed or used, and not taken back."""
        return sum(count for state, count in self.states.items() if state in LIVE)

    @property
    def spent(self) -> int | None:
        """What those that were used have cost, in minor units; None when nobody said what one costs."""
        return None if self.perk.cost is None else self.perk.cost * self.states.get("redeemed", 0)


def perk_lines(session: Session) -> list[PerkLine]:
    """Every perk for the staff's list, those still issued first."""
    perks = session.execute(select(Perk).order_by(Perk.retired_at.is_not(None), Perk.id.desc())).scalars().all()
    states: dict[int, dict[str, int]] = {}
    counted = select(PerkGrant.perk_id, PerkGrant.state, func.count()).group_by(PerkGrant.perk_id, PerkGrant.state)
    for perk_id, state, count in session.execute(counted):
        states.setdefault(perk_id, {})[state] = count
    named = select(PerkTier.perk_id, Tier.name).join(Tier, Tier.id == PerkTier.tier_id).order_by(Tier.position)
    tiers: dict[int, list[str]] = {}
    for perk_id, name in session.execute(named):
        tiers.setdefault(perk_id, []).append(name)
    return [PerkLine(perk, tuple(tiers.get(perk.id, ())), states.get(perk.id, {})) for perk in perks]

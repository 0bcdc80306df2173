"""What staff do to the memberships on offer. Old patrons keep their amount: it stands in their subscription."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from membership.jobs.queue import post
from membership.memberships.models import Membership
from membership.memberships.queries import running_now
from membership.memberships.tiers import Tier, TierPrice
from membership.money import Money
from membership.readers.trail import note
from membership.refusals import N_, NotFound, Refused
from membership.topics.rules import slug_of

Prices = Mapping[tuple[str, str], Money]
"""By currency and interval (`month`, `year`)."""


class LastTier(Refused):
    """Without one, nobody could join."""

    status = 409
    words = N_("This is the last membership on offer. Please make another one first.")


@dataclass(frozen=True)
class TierLine:
    """A tier as staff see it; `memberships` counts those that run."""

    tier: Tier
    prices: dict[str, dict[str, Money]]
    memberships: int


def tier_lines(session: Session) -> list[TierLine]:
    """All tiers: those on offer in their order, then those that are not."""
    tiers = (
        session.execute(select(Tier).order_by(Tier.archived_at.is_not(None), Tier.position, Tier.id)).scalars().all()
    )
    prices: dict[int, dict[str, dict[str, Money]]] = {}
    for price in session.execute(select(TierPrice).order_by(TierPrice.currency, TierPrice.interval)).scalars():
        by_currency = prices.setdefault(price.tier_id, {})
        by_currency.setdefault(price.currency, {})[price.interval] = Money(price.minor, price.currency)
    counted = select(Membership.tier_id, func.count()).where(running_now()).group_by(Membership.tier_id)
    counts: dict[int, int] = {row[0]: row[1] for row in session.execute(counted)}
    return [TierLine(tier, prices.get(tier.id, {}), counts.get(tier.id, 0)) for tier in tiers]


def tier_line(session: Session, tier_id: int) -> TierLine:
    """One of them. Raises `NotFound`."""
    line = next((line for line in tier_lines(session) if line.tier.id == tier_id), None)
    if line is None:
        raise NotFound()
    return line


def make_tier(session: Session, *, name: str, blurb: str, prices: Prices, by: int, at: datetime) -> Tier:
    """A new membership, last in order; the worker makes it known to Stripe."""
    tiers = _locked(session)
    taken = {tier.slug for tier in tiers}
    position = max((tier.position for tier in tiers), default=0) + 1
    slug = slug_of(name, f"membership-{position}")
    number = 2
    while slug in taken:
        slug, number = f"{slug_of(name, 'membership')}-{number}", number + 1
    tier = Tier(slug=slug, name=name, blurb=blurb, position=position)
    session.add(tier)
    session.flush()
    changed = _set_prices(session, tier, prices, codes=None)
    post(session, "memberships.sync_tiers", "memberships.sync_tiers", due_at=at)
    note(session, actor_id=by, action="tier:made", object=f"tier/{tier.id}", at=at, name=name, prices=changed)
    return tier


def change_tier(
    session: Session, tier_id: int, *, name: str, blurb: str, prices: Prices, codes: set[str], by: int, at: datetime
) -> None:
    """New words, new prices in the currencies `codes` (others stay as they are); running memberships keep theirs."""
    tier = _tier(session, tier_id)
    fields = [field for field, new in (("name", name), ("blurb", blurb)) if getattr(tier, field) != new]
    if "name" in fields:
        post(session, "memberships.name_tier", f"memberships.name_tier:{tier.id}", {"tier": tier.id}, due_at=at)
    tier.name, tier.blurb = name, blurb
    changed = _set_prices(session, tier, prices, codes=codes)
    if fields or changed:
        note(
            session, actor_id=by, action="tier:changed", object=f"tier/{tier.id}", at=at, fields=fields, prices=changed
        )


def move_tier(session: Session, tier_id: int, *, up: bool, by: int, at: datetime) -> None:
    """One place up or down among those on offer; at the end it stays where it is. Raises `NotFound`."""
    shown = [tier for tier in _locked(session) if tier.archived_at is None]
    place = next((place for place, tier in enumerate(shown) if tier.id == tier_id), None)
    if place is None:
        raise NotFound()
    other = place - 1 if up else place + 1
    if not 0 <= other < len(shown):
        return
    shown[place], shown[other] = shown[other], shown[place]
    for position, tier in enumerate(shown, start=1):
        tier.position = position
    note(session, actor_id=by, action="tier:moved", object=f"tier/{tier_id}", at=at, place=other + 1)


def archive_tier(session: Session, tier_id: int, *, by: int, at: datetime) -> None:
    """Offer it no more; those who have it keep it. Raises `NotFound`, `LastTier`."""
    tier = _tier(session, tier_id)
    on_offer = [row.id for row in _locked(session) if row.archived_at is None]
    if on_offer == [tier.id]:
        raise LastTier()
    if tier.archived_at is None:
        tier.archived_at = at
        note(session, actor_id=by, action="tier:archived", object=f"tier/{tier.id}", at=at)


def offer_tier_again(session: Session, tier_id: int, *, by: int, at: datetime) -> None:
    """Offer it once more, last in order. Raises `NotFound`."""
    tier = _tier(session, tier_id)
    if tier.archived_at is not None:
        tier.archived_at = None
        tier.position = max(row.position for row in _locked(session)) + 1
        note(session, actor_id=by, action="tier:offered", object=f"tier/{tier.id}", at=at)


def _locked(session: Session) -> list[Tier]:
    """All tiers in order, their rows held, so that two changes of the order take their turn."""
    order = select(Tier).order_by(Tier.position, Tier.id).with_for_update()
    return list(session.execute(order.execution_options(populate_existing=True)).scalars())


def _tier(session: Session, tier_id: int) -> Tier:
    found = next((tier for tier in _locked(session) if tier.id == tier_id), None)
    if found is None:
        raise NotFound()
    return found


def _set_prices(session: Session, tier: Tier, prices: Prices, *, codes: set[str] | None) -> dict[str, int | None]:
    """Write the prices; in `codes` those that are missing end. Returns what changed, in minor units."""
    rows = session.execute(select(TierPrice).where(TierPrice.tier_id == tier.id)).scalars()
    before = {(row.currency, row.interval): row for row in rows}
    changed: dict[str, int | None] = {}
    for (code, interval), money in prices.items():
        row = before.pop((code, interval), None)
        if row is None:
            session.add(TierPrice(tier_id=tier.id, currency=code, interval=interval, minor=money.minor))
        elif row.minor != money.minor:
            row.minor = money.minor
        else:
            continue
        changed[f"{code} {interval}"] = money.minor
    for (code, interval), row in before.items():
        if codes is not None and code in codes:
            session.execute(
                delete(TierPrice).where(
                    TierPrice.tier_id == tier.id, TierPrice.currency == code, TierPrice.interval == interval
                )
            )
            session.expunge(row)
            changed[f"{code} {interval}"] = None
    return changed

"""The demo's perks beside the notebooks: a private feed, a cinema's codes, an evening, a mug, the wall of thanks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.demo.books import add, add_plain
from membership.memberships.rules import months_later
from membership.memberships.standing import standings_at
from membership.perks.claim_models import PerkSeat, WallName
from membership.perks.models import Perk, PerkGrant, PerkStep, PerkTier
from membership.perks.rules import code_from
from membership.perks.stock_models import PerkCode, PerkEpisode
from membership.perks.watch import misfits
from membership.readers.models import Person

DAY = timedelta(days=1)
CODES, CLAIMED, SEATS, ASKED, ON_THE_WALL = 60, 22, 18, 22, 40
FEED = (
    ("What the dredger brought up", "Forty minutes with Mara Quill on the quay, before the story was printed.", 30),
    ("Why we counted the buses ourselves", "How eleven readers stood at eleven stops for a night.", 9),
)


def write_thanks(session: Session, tiers: Mapping[str, int], *, spared: int, at: datetime, chance: Random) -> None:
    """The perks, issued to everybody who stands well; `spared` has claimed nothing yet and can."""
    standing = session.execute(select(standings_at(at)).order_by("reader_id")).all()
    tier_of = {row.reader_id: row.tier_id for row in standing}
    upper = [tiers["patron"], tiers["champion"]]
    made = at - 40 * DAY
    feed = _perk(session, "feed", "Behind the notebooks", "Our reporters talk about how a story came about.", upper)
    session.add_all(
        PerkEpisode(perk_id=feed.id, title=title, notes=notes, published_at=at - days * DAY) for title, notes, days in FEED
    )
    _grants(session, feed, [reader for reader, tier in tier_of.items() if tier in upper], made, chance)

    cinema = _perk(
        session, "code", "An evening at the Tidal Cinema", "One ticket, with our thanks to the cinema.", [], cost=450,
        cost_currency="EUR", low_stock=10,
    )  # fmt: skip
    grants = _grants(session, cinema, list(tier_of), made, chance)
    drawn = [f"TIDAL-{code_from(chance.getrandbits(80))[:9]}" for _ in range(CODES)]
    code_ids = add(session, PerkCode, [{"perk_id": cinema.id, "code": code, "added_at": made} for code in drawn])
    claimed = [grant for grant, reader in grants if reader != spared][:CLAIMED]
    for grant_id, code_id in zip(claimed, code_ids, strict=False):
        taken = made + chance.randint(1, 38) * DAY
        session.execute(update(PerkCode).where(PerkCode.id == code_id).values(grant_id=grant_id, taken_at=taken))
        _step(session, grant_id, "claimed", taken)

    evening = (at + 16 * DAY).replace(hour=18, minute=30, second=0)
    table = _perk(
        session, "event", "An evening at the editors' table", "We read the letters of the month aloud. There is soup.", [],
        starts_at=evening, ends_at=evening + timedelta(hours=2), place="The Lantern, 2 North Quay", capacity=SEATS,
    )  # fmt: skip
    grants = _grants(session, table, list(tier_of), at - 12 * DAY, chance, expires_at=evening + timedelta(hours=2))
    for number, grant_id in enumerate([grant for grant, reader in grants if reader != spared][:ASKED]):
        asked = at - 11 * DAY + timedelta(hours=9 * number)
        seated = asked if number < SEATS else None
        session.add(PerkSeat(grant_id=grant_id, perk_id=table.id, asked_at=asked, seated_at=seated))
        _step(session, grant_id, "claimed", asked)

    mug = _perk(
        session, "thing", "The Lantern mug", "Blue, and it holds a whole morning.", [tiers["champion"]], months=6,
        cost=890, cost_currency="EUR",
    )  # fmt: skip
    old = {row.reader_id for row in standing if months_later(row.since, 6) <= at}
    _grants(session, mug, [one for one, tier in tier_of.items() if tier == tiers["champion"] and one in old], made, chance)

    wall = _perk(session, "wall", "The wall of thanks", "Stand there as you wish to be called, or not at all.", [])
    grants = _grants(session, wall, list(tier_of), at - 90 * DAY, chance)
    named = {row.reader_id: row.name for row in session.execute(select(Person.reader_id, Person.name))}
    for grant_id, reader in [one for one in grants if one[1] != spared][:ON_THE_WALL]:
        session.add(WallName(grant_id=grant_id, name=named.get(reader) or None, put_at=at - 60 * DAY))
        _step(session, grant_id, "claimed", at - 60 * DAY)
    _take_back(session, at)


def _perk(session: Session, kind: str, title: str, blurb: str, tiers: Sequence[int], **terms: object) -> Perk:
    slug = title.lower().replace(" ", "-").replace("'", "-")
    perk = Perk(slug=slug, title=title, kind=kind, address="", blurb=blurb, **terms)
    session.add(perk)
    session.flush()
    session.add_all(PerkTier(perk_id=perk.id, tier_id=id) for id in tiers)
    return perk


def _grants(
    session: Session, perk: Perk, readers: Sequence[int], issued: datetime, chance: Random,
    expires_at: datetime | None = None,
) -> list[tuple[int, int]]:  # fmt: skip
    """Everybody's grant and its first step; the grants and whose they are."""
    rows = [
        {"perk_id": perk.id, "reader_id": reader, "code": code_from(chance.getrandbits(80)), "issued_at": issued,
         "number": 1, "state": "issued", "expires_at": expires_at}
        for reader in readers
    ]  # fmt: skip
    ids = add(session, PerkGrant, rows)
    add_plain(session, PerkStep, [{"grant_id": id, "state": "issued", "at": issued, "why": ""} for id in ids])
    return list(zip(ids, readers, strict=True))


def _step(session: Session, grant_id: int, state: str, at: datetime, why: str = "") -> None:
    session.execute(update(PerkGrant).where(PerkGrant.id == grant_id).values(state=state))
    session.add(PerkStep(grant_id=grant_id, state=state, at=at, by=None, why=why))


def _take_back(session: Session, at: datetime) -> None:
    """What those have who do not stand well any more rests."""
    session.flush()
    held = select(PerkGrant.id).where(PerkGrant.reader_id.in_(misfits(session, at)), PerkGrant.state == "issued")
    for grant_id in session.execute(held).scalars().all():
        _step(session, grant_id, "revoked", at, "standing")

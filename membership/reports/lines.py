"""One movement as the lines it adds to the sums by month. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

SOURCES = ("article", "campaign", "friend", "link", "brought", "direct")
"""How a membership came, in the order in which a report names them."""
BEGINS, ENDS = ("new", "returned"), ("left", "lost")


@dataclass(frozen=True)
class Fact:
    """A movement with what follows from its neighbours: what its membership counted `before` it and for which tier.

    `joined`: when its reader first did, by their first movement, or earlier where that pledge had begun elsewhere; `source`
    is its membership's; `began` and `tier_began`: when its membership last began, and in which tier.
    """

    id: int
    kind: str
    currency: str
    yearly: int
    at: datetime
    tier_id: int
    before: int
    tier_before: int | None
    joined: datetime
    source: str
    began: datetime
    tier_began: int


class SpellLine(NamedTuple):
    """What a movement adds to the sums of spells: see `SpellMonth`. There are many, so it is a plain tuple."""

    began: str
    month: str
    currency: str
    tier_id: int
    source: str
    begun: int
    chosen: int
    failed: int
    yearly: int


@dataclass(frozen=True)
class Line:
    """What is added to the sums: see `MovementMonth`. `cohort` and `month` are like `2026-11`."""

    cohort: str
    month: str
    currency: str
    kind: str
    tier_id: int
    source: str
    number: int
    paying: int
    members: int
    yearly: int


def source_of(*, brought: bool, article: bool, campaign: bool, friend: bool, link: bool) -> str:
    """How somebody came, by the first of these that is known: brought along from another system, by a friend's link, from
    an article, by a campaign, by a marked link or another site; else by themselves."""
    named = (("brought", brought), ("friend", friend), ("article", article), ("campaign", campaign), ("link", link))
    return next((name for name, holds in named if holds), "direct")


def month_of(at: datetime, zone: str) -> str:
    """The month of a moment by a zone's clocks."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m}"


def lines_of(fact: Fact, zone: str) -> list[Line]:
    """One line; three where the membership counts for another tier from now on: out of one, into the other, the change."""
    after = fact.before + fact.yearly
    cohort, month = month_of(fact.joined, zone), month_of(fact.at, zone)

    def line(kind: str, tier_id: int, number: int, paying: int, members: int, yearly: int) -> Line:
        return Line(cohort, month, fact.currency, kind, tier_id, fact.source, number, paying, members, yearly)

    made = []
    if fact.before > 0 and fact.tier_before not in (None, fact.tier_id):
        made.append(line("switched", fact.tier_before or 0, -1, -1, -1, -fact.before))
        made.append(line("switched", fact.tier_id, 1, 1, 1, fact.before))
    if fact.kind != "switched":
        members = (fact.kind in BEGINS) - (fact.kind in ENDS)
        paying = (after > 0) - (fact.before > 0)
        made.append(line(fact.kind, fact.tier_id, 1, paying, members, fact.yearly))
    return made


def spell_line_of(fact: Fact, zone: str) -> SpellLine:
    """The same movement in the life of its membership. One that a clock tells to be before its beginning counts for it."""
    began = month_of(fact.began, zone)
    month = max(began, month_of(fact.at, zone))
    begun, chosen, failed = (int(fact.kind in kinds) for kinds in (BEGINS, ("left",), ("lost",)))
    return SpellLine(began, month, fact.currency, fact.tier_began, fact.source, begun, chosen, failed, fact.yearly)

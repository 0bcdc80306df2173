"""The demo's three tiers and what they cost in each currency."""

from __future__ import annotations

from dataclasses import dataclass

from membership.newsroom.defaults import COFFEES, YEAR_IN_MONTHS

GIVEN = ("EUR", "USD", "GBP")
"""The currencies in which the story's patrons pay; prices stand in every currency that is offered."""
WHOLE = 100


@dataclass(frozen=True)
class DemoTier:
    """Its price is so many `thirds` of a cup of coffee, rounded up to a whole unit of the currency."""

    slug: str
    name: str
    blurb: str
    thirds: int


TIERS = (
    DemoTier("reader", "Reader", "One cup of coffee a month. It keeps every page open, and gives you your vote.", 3),
    DemoTier("patron", "Patron", "You carry your own part, and that of a neighbour who cannot.", 7),
    DemoTier("champion", "Champion", "You pay for the weeks in which nothing is printed yet.", 20),
)


def least(slug: str, currency: str, interval: str) -> int:
    """What a tier costs, in minor units."""
    tier = next(tier for tier in TIERS if tier.slug == slug)
    coffee = COFFEES[currency]
    monthly = coffee if tier.thirds == 3 else -(-coffee * tier.thirds // (3 * WHOLE)) * WHOLE
    return monthly if interval == "month" else monthly * YEAR_IN_MONTHS

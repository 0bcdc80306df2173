"""What a payment, or the beginning of a membership, adds to the sums by way of coming. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from membership.appeals.rules import dealt
from membership.reports.lines import month_of

WAYS = ("last", "first", "embed", "campaign", "language", "appeal")
NOWHERE = 0


class Came(NamedTuple):
    """How somebody came to a payment or a membership; what is not known is None. `address` is the last article's."""

    article_id: int | None = None
    address: str | None = None
    article_language: str | None = None
    first_article_id: int | None = None
    embed: str | None = None
    campaign: str | None = None
    utm_campaign: str | None = None
    language: str | None = None
    appeal_id: int | None = None
    day: date | None = None
    variants: int | None = None


@dataclass
class Brought:
    """Counts and minor units, as in `TouchMonth`."""

    patrons: int = 0
    begun: int = 0
    payments: int = 0
    begun_gross: int = 0
    gross: int = 0

    def take(self, other: Brought) -> None:
        """Add another one to it."""
        self.patrons += other.patrons
        self.begun += other.begun
        self.payments += other.payments
        self.begun_gross += other.begun_gross
        self.gross += other.gross

    @property
    def is_nothing(self) -> bool:
        """Whether nothing came."""
        return not (self.patrons or self.payments)


class TouchKey(NamedTuple):
    """One way in one month: an article by its number, or a name."""

    way: str
    month: str
    article_id: int
    name: str
    currency: str


class TouchFact(NamedTuple):
    """Something that came, how, and when."""

    came: Came
    currency: str
    at: datetime
    brought: Brought


def payment_brought(*, amount: int, begins: bool) -> Brought:
    """A payment's part: `begins` is False for a renewal."""
    return Brought(begun=int(begins), payments=1, begun_gross=amount if begins else 0, gross=amount)


def language_of(came: Came) -> str:
    """The article's language without its country: `en-GB` is `en`. As the frame said it, else as the article's first did."""
    tag = came.language or came.article_language or ""
    return re.split("[-_]", tag.lower())[0]


def appeal_of(came: Came) -> str:
    """Which appeal was clicked and which of its variants (`3/1`): the one that was dealt to that article on that day."""
    if came.appeal_id is None or came.day is None:
        return ""
    return f"{came.appeal_id}/{dealt(came.appeal_id, came.address or '', came.day, came.variants or 1)}"


def touched(fact: TouchFact, zone: str, ways: Iterable[str] = WAYS) -> list[TouchKey]:
    """Under which lines a fact is added: one for each way."""
    came, month = fact.came, month_of(fact.at, zone)
    named = {
        "last": (came.article_id or NOWHERE, ""),
        "first": (came.first_article_id or NOWHERE, ""),
        "embed": (NOWHERE, came.embed or ""),
        "campaign": (NOWHERE, came.campaign or came.utm_campaign or ""),
        "language": (NOWHERE, language_of(came)),
        "appeal": (NOWHERE, appeal_of(came)),
    }
    return [TouchKey(way, month, *named[way], fact.currency) for way in ways]

"""The figures of the reports, read from memberships, movements and payments. No names, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from membership.giving.models import Payment
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import patrons_at
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.newsroom.models import Article
from membership.reports.rules import KINDS, month_ends, month_start, monthly


@dataclass(frozen=True)
class Recurring:
    """Recurring money in one currency: `yearly` is exact, in minor units per year; `memberships` pay it."""

    currency: str
    yearly: int
    memberships: int

    @property
    def mrr(self) -> Money:
        """The monthly recurring revenue, rounded once."""
        return Money(monthly(self.yearly), self.currency)


@dataclass(frozen=True)
class TierCount:
    """How many paying memberships a tier has."""

    name: str
    memberships: int


@dataclass(frozen=True)
class Moved:
    """The movements of one kind in one currency since the month began. `yearly` is negative for what was lost."""

    kind: str
    currency: str
    memberships: int
    yearly: int

    @property
    def mrr(self) -> Money:
        """The change of the monthly recurring revenue, rounded by itself."""
        return Money(monthly(self.yearly), self.currency)


@dataclass(frozen=True)
class ArticleMoney:
    """What came from one article in one currency: settled payments (gross), and memberships begun there.

    `address` and `title` are empty for payments that carried no article.
    """

    title: str
    address: str
    currency: str
    payments: int
    gross: Money
    patrons: int


@dataclass(frozen=True)
class Month:
    """The recurring money at the end of a month (the running one: now), by currency. `name` is like `2026-11`."""

    name: str
    recurring: dict[str, Money]


@dataclass(frozen=True)
class PatronsReport:
    """Patrons and their money at a moment. `zone` names the time zone in which the month began at `month_began`."""

    at: datetime
    zone: str
    month_began: datetime
    patrons: int
    paying: int
    recurring: tuple[Recurring, ...]
    tiers: tuple[TierCount, ...]
    moved: tuple[Moved, ...]
    articles: tuple[ArticleMoney, ...]
    months: tuple[Month, ...]

    @property
    def month_began_there(self) -> datetime:
        """The same moment by the clocks of `zone`."""
        return self.month_began.astimezone(ZoneInfo(self.zone))

    @property
    def is_empty(self) -> bool:
        """Whether nothing has happened yet: a new newsroom."""
        return not self.months[-1].recurring and not self.articles


def patrons_report(session: Session, at: datetime, zone: str) -> PatronsReport:
    """The report `patrons` as of `at`, with months as they begin in `zone` (an IANA name, the newsroom's own)."""
    recurring = _recurring(session, at)
    return PatronsReport(
        at=at,
        zone=zone,
        month_began=month_start(at, zone),
        patrons=patrons_at(session, at),
        paying=sum(line.memberships for line in recurring),
        recurring=recurring,
        tiers=_tiers(session, at),
        moved=_moved(session, month_start(at, zone), at),
        articles=_articles(session, at),
        months=_months(session, month_ends(at, zone)),
    )


def _recurring(session: Session, at: datetime) -> tuple[Recurring, ...]:
    each = (
        select(Movement.currency, func.sum(Movement.yearly).label("yearly"))
        .where(Movement.at <= at)
        .group_by(Movement.membership_id, Movement.currency)
        .having(func.sum(Movement.yearly) != 0)
        .subquery()
    )
    statement = select(each.c.currency, func.sum(each.c.yearly), func.count()).group_by(each.c.currency)
    lines = [Recurring(currency, int(yearly), number) for currency, yearly, number in session.execute(statement)]
    return tuple(sorted(lines, key=lambda line: (-line.memberships, line.currency)))


def _tiers(session: Session, at: datetime) -> tuple[TierCount, ...]:
    paying = (
        select(Movement.membership_id)
        .where(Movement.at <= at)
        .group_by(Movement.membership_id)
        .having(func.sum(Movement.yearly) > 0)
    )
    statement = (
        select(Tier.name, func.count(Membership.id))
        .join(Membership, Membership.tier_id == Tier.id)
        .where(Membership.id.in_(paying))
        .group_by(Tier.id, Tier.name, Tier.position)
        .order_by(Tier.position, Tier.id)
    )
    return tuple(TierCount(name, number) for name, number in session.execute(statement))


def _moved(session: Session, since: datetime, until: datetime) -> tuple[Moved, ...]:
    statement = (
        select(Movement.kind, Movement.currency, func.count(), func.sum(Movement.yearly))
        .where(Movement.at >= since, Movement.at <= until)
        .group_by(Movement.kind, Movement.currency)
    )
    lines = [
        Moved(kind, currency, number, int(yearly)) for kind, currency, number, yearly in session.execute(statement)
    ]
    return tuple(sorted(lines, key=lambda line: (KINDS.index(line.kind), line.currency)))


def _articles(session: Session, at: datetime) -> tuple[ArticleMoney, ...]:
    paid = (
        select(Payment.article_id, Payment.currency, func.count(), func.sum(Payment.amount))
        .where(Payment.paid_at <= at)
        .group_by(Payment.article_id, Payment.currency)
    )
    money = {(article, currency): (number, int(gross)) for article, currency, number, gross in session.execute(paid)}
    begun = (
        select(Membership.article_id, Movement.currency, func.count())
        .join(Membership, Membership.id == Movement.membership_id)
        .where(Movement.kind.in_(("new", "returned")), Movement.at <= at)
        .group_by(Membership.article_id, Movement.currency)
    )
    patrons = {(article, currency): number for article, currency, number in session.execute(begun)}
    named = {row.id: row for row in session.execute(select(Article)).scalars()}
    lines = []
    for article_id, currency in money.keys() | patrons.keys():
        article = named.get(article_id) if article_id is not None else None
        number, gross = money.get((article_id, currency), (0, 0))
        title, address = (article.title, article.address) if article else ("", "")
        begun_here = patrons.get((article_id, currency), 0)
        lines.append(ArticleMoney(title, address, currency, number, Money(gross, currency), begun_here))
    return tuple(sorted(lines, key=_most_first))


def _most_first(line: ArticleMoney) -> tuple[object, ...]:
    """By currency, then what an article brought; payments without an article come last."""
    return (line.currency, not line.address, -line.gross.minor, -line.patrons, line.title, line.address)


def _months(session: Session, ends: Sequence[tuple[str, datetime]]) -> tuple[Month, ...]:
    """All twelve sums in one pass over the movements."""
    last = len(ends) - 1
    sums = [
        func.sum(case((_before(end, is_last=n == last), Movement.yearly), else_=0)) for n, (_, end) in enumerate(ends)
    ]
    rows = session.execute(select(Movement.currency, *sums).group_by(Movement.currency)).all()
    months = []
    for place, (name, _end) in enumerate(ends, start=1):
        found = {row[0]: Money(monthly(int(row[place])), row[0]) for row in rows}
        months.append(Month(name, dict(sorted(found.items()))))
    return tuple(months)


def _before(end: datetime, *, is_last: bool) -> ColumnElement[bool]:
    """A month ends where the next begins; what happens now still counts for now."""
    return Movement.at <= end if is_last else Movement.at < end

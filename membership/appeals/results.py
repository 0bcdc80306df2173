"""What an appeal brought, by variant: seen, clicked, paid, and how much, over the article-days that were dealt out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.appeals.differences import Comparison, Rate, compared, rate
from membership.appeals.models import BUILT_IN, Appeal, AppealCount
from membership.appeals.rules import dealt, letter
from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.money import Money
from membership.newsroom.models import Article
from membership.refusals import NotFound

ArticleDay = tuple[str, date]


@dataclass
class Tally:
    """What was counted on one article-day: `paid` and `revenue` (minor units) by currency, first payments only, gross."""

    seen: int
    clicked: int
    paid: dict[str, int]
    revenue: dict[str, int]


@dataclass(frozen=True)
class VariantResult:
    """One variant: its sums, its rates, and how its payments compare with variant A's.

    `per_seen` is in minor units for each that was seen, by currency.
    """

    letter: str
    article_days: int
    seen: int
    clicked: int
    paid: int
    revenue: tuple[Money, ...]
    click_rate: Rate | None
    pay_rate: Rate | None
    per_seen: Mapping[str, Rate | None]
    beside_first: Comparison | None
    money_beside_first: Mapping[str, Comparison | None]


@dataclass(frozen=True)
class Result:
    """An appeal's result; `appeal` is None for the site's own words."""

    appeal: Appeal | None
    variants: tuple[VariantResult, ...]
    first_day: date | None
    last_day: date | None

    @property
    def currencies(self) -> tuple[str, ...]:
        """Those in which something was paid."""
        return tuple(sorted({money.currency for variant in self.variants for money in variant.revenue}))


def result(session: Session, appeal_id: int) -> Result:
    """Everything that is known about an appeal. Raises `NotFound`."""
    appeal = session.get(Appeal, appeal_id) if appeal_id != BUILT_IN else None
    if appeal is None and appeal_id != BUILT_IN:
        raise NotFound()
    variants = appeal.variants if appeal else 1
    tallies = _tallies(session, appeal_id, variants)
    codes = sorted({code for held in tallies for tally in held.values() for code in tally.paid})
    days = sorted({day for held in tallies for _, day in held})
    lines: list[VariantResult] = []
    for variant, held in enumerate(tallies):
        lines.append(_line(variant, held, codes, lines[0] if lines else None, variants - 1))
    return Result(appeal, tuple(lines), days[0] if days else None, days[-1] if days else None)


def _tallies(session: Session, appeal_id: int, variants: int) -> list[dict[ArticleDay, Tally]]:
    """By variant, then article-day. A payment is put where its article-day was dealt, whatever its link said."""
    tallies: list[dict[ArticleDay, Tally]] = [defaultdict(lambda: Tally(0, 0, {}, {})) for _ in range(variants)]
    counted = (
        select(AppealCount.day, Article.address, func.sum(AppealCount.seen), func.sum(AppealCount.clicked))
        .outerjoin(Article, Article.id == AppealCount.article_id)
        .where(AppealCount.appeal_id == appeal_id)
        .group_by(AppealCount.day, Article.address)
    )
    for day, address, seen, clicked in session.execute(counted):
        tally = tallies[dealt(appeal_id, address or "", day, variants)][address or "", day]
        tally.seen, tally.clicked = int(seen), int(clicked)
    paid = (
        select(CheckoutTouch.day, Article.address, Checkout.currency, func.count(), func.sum(Checkout.amount))
        .join(Checkout, Checkout.id == CheckoutTouch.checkout_id)
        .outerjoin(Article, Article.id == Checkout.article_id)
        .where(CheckoutTouch.appeal_id == appeal_id, CheckoutTouch.day.is_not(None), Checkout.state == "paid")
        .group_by(CheckoutTouch.day, Article.address, Checkout.currency)
    )
    for shown_on, address, code, number, amount in session.execute(paid):
        assert shown_on is not None, "the statement leaves out those without a day"
        tally = tallies[dealt(appeal_id, address or "", shown_on, variants)][address or "", shown_on]
        tally.paid[code], tally.revenue[code] = int(number), int(amount)
    return tallies


def _line(
    variant: int, held: Mapping[ArticleDay, Tally], codes: list[str], first: VariantResult | None, comparisons: int
) -> VariantResult:
    days = list(held.values())
    paid = {code: sum(day.paid.get(code, 0) for day in days) for code in codes}
    pay_rate = rate([(day.seen, sum(day.paid.values())) for day in days])
    per_seen = {code: rate([(day.seen, day.revenue.get(code, 0)) for day in days], paid[code]) for code in codes}
    return VariantResult(
        letter=letter(variant),
        article_days=len(days),
        seen=sum(day.seen for day in days),
        clicked=sum(day.clicked for day in days),
        paid=sum(paid.values()),
        revenue=tuple(Money(sum(day.revenue.get(code, 0) for day in days), code) for code in codes if paid[code]),
        click_rate=rate([(day.seen, day.clicked) for day in days]),
        pay_rate=pay_rate,
        per_seen=per_seen,
        beside_first=_beside(first.pay_rate if first else None, pay_rate, comparisons),
        money_beside_first={
            code: _beside(first.per_seen.get(code) if first else None, per_seen[code], comparisons) for code in codes
        },
    )


def _beside(first: Rate | None, other: Rate | None, comparisons: int) -> Comparison | None:
    return compared(first, other, comparisons) if first and other else None

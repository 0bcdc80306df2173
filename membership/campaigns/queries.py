"""Questions about campaigns: what counts for one, how far it is, who gave and what they wish.

Nothing is added up on the way: every answer is read from the payments, refunds, disputes and movements as they are now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, exists, func, literal, select, union_all
from sqlalchemy.orm import Session

from membership.campaigns import rules
from membership.campaigns.models import Campaign, CampaignChoice, CampaignMilestone
from membership.campaigns.rules import Phase
from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import DISPUTE_TAKES, REFUND_HOLDS
from membership.giving.models import Payment
from membership.giving.touch_models import CheckoutTouch
from membership.mail.bounces import takes_letters
from membership.memberships.models import Membership, Movement
from membership.money import Money
from membership.readers.models import Person
from membership.readers.wishes import wants

TOGETHER = 40
"""Campaigns asked for in one statement: far below what SQLite takes in one (500 parts, 32,766 values)."""


@dataclass(frozen=True)
class Progress:
    """How far a campaign is. `given` and `matched` are in its currency, `others` what came in others, beside the bar.

    `mrr` is what memberships that began in it bring a month; `reached` and `goal` are in one unit: minor units for an
    amount, minor units a year for `mrr`, people for `patrons`.
    """

    kind: str
    given: Money
    matched: Money
    others: tuple[Money, ...]
    people: int
    patrons: int
    mrr: Money
    reached: int
    goal: int

    @property
    def percent(self) -> int:
        """Whole percent, rounded down."""
        return rules.percent(self.reached, self.goal)

    @property
    def goal_money(self) -> Money:
        """The goal as money, where it is one: a sum, or a sum a month."""
        return Money(self.goal if self.kind == "amount" else rules.monthly(self.goal), self.given.currency)

    @property
    def together(self) -> Money:
        """What was given, and what the sponsor adds."""
        return self.given + self.matched

    def part(self, reached: int) -> int:
        """How long a bar is for this much, of 1000 and not longer."""
        return min(1000, max(0, reached) * 1000 // self.goal)


@dataclass(frozen=True)
class Wall:
    """Who wished to stand there: the names in alphabetical order, and how many stand there without one."""

    names: tuple[str, ...]
    unnamed: int


def campaign_at(session: Session, slug: str) -> Campaign | None:
    """The campaign at this address, published or not."""
    return session.execute(select(Campaign).where(Campaign.slug == slug)).scalar_one_or_none()


def phase_of(campaign: Campaign, at: datetime) -> Phase:
    """Where it stands at a moment."""
    return rules.phase(
        published_at=campaign.published_at, opens_at=campaign.opens_at, closes_at=campaign.closes_at,
        closed_at=campaign.closed_at, at=at,
    )  # fmt: skip


def campaigns(session: Session) -> list[Campaign]:
    """All of them, the newest first."""
    return list(session.execute(select(Campaign).order_by(Campaign.opens_at.desc(), Campaign.id.desc())).scalars())


def published(session: Session) -> list[Campaign]:
    """Those that readers may see, the newest first."""
    shown = select(Campaign).where(Campaign.published_at.is_not(None))
    return list(session.execute(shown.order_by(Campaign.opens_at.desc(), Campaign.id.desc())).scalars())


def running(session: Session, at: datetime) -> list[Campaign]:
    """Those under way at a moment, the next to close first."""
    found = [one for one in published(session) if phase_of(one, at) is Phase.RUNNING]
    return sorted(found, key=lambda one: (one.closes_at, one.id))


def milestones_of(session: Session, campaign_id: int) -> list[CampaignMilestone]:
    """Its milestones, the lowest first."""
    own = select(CampaignMilestone).where(CampaignMilestone.campaign_id == campaign_id)
    return list(session.execute(own.order_by(CampaignMilestone.percent)).scalars())


def gifts(campaign: Campaign) -> Subquery:
    """The payments that count, with what is `kept` of each (`rules.kept`): `payment_id`, `reader_id`, `currency`, `kept`."""
    held = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == Payment.id, Refund.state.in_(REFUND_HOLDS)
    )
    back = held.correlate(Payment).scalar_subquery()
    disputed = exists().where(Dispute.payment_id == Payment.id, Dispute.status.in_(DISPUTE_TAKES)).correlate(Payment)
    left = case((disputed, 0), (back > Payment.amount, 0), else_=Payment.amount - back)
    return (
        select(Payment.id.label("payment_id"), Payment.reader_id, Payment.currency, left.label("kept"))
        .where(*_while_it_ran(campaign, Payment.paid_at), *_came_by(campaign, Payment.checkout_id))
        .subquery()
    )


def _while_it_ran(campaign: Campaign, moment: Any) -> tuple[ColumnElement[bool], ...]:
    return (moment >= campaign.opens_at, moment < rules.ends_at(campaign.closes_at, campaign.closed_at))


def _came_by(campaign: Campaign, checkout_id: Any) -> tuple[ColumnElement[bool], ...]:
    if campaign.scope == "all":
        return ()
    by_it = select(CheckoutTouch.checkout_id).where(CheckoutTouch.campaign == campaign.slug)
    return (checkout_id.in_(by_it),)


def progress(session: Session, campaign: Campaign) -> Progress:
    """How far it is now."""
    return progress_of(session, [campaign])[campaign.id]


def progress_of(session: Session, asked: Sequence[Campaign]) -> dict[int, Progress]:
    """How far each of them is now, by its number: four statements for every `TOGETHER` campaigns, not for each."""
    found: dict[int, Progress] = {}
    for start in range(0, len(asked), TOGETHER):
        found |= _progress_of(session, asked[start : start + TOGETHER])
    return found


def _progress_of(session: Session, asked: Sequence[Campaign]) -> dict[int, Progress]:
    each = [select(literal(one.id).label("campaign_id"), *gifts(one).c) for one in asked]
    counted = union_all(*each).subquery()
    by_currency = select(counted.c.campaign_id, counted.c.currency, func.sum(counted.c.kept)).group_by(
        counted.c.campaign_id, counted.c.currency
    )
    sums: dict[int, dict[str, int]] = {one.id: {} for one in asked}
    for number, code, total in session.execute(by_currency):
        sums[number][code] = int(total)
    givers = select(counted.c.campaign_id, func.count(func.distinct(counted.c.reader_id))).where(counted.c.kept > 0)
    heads = session.execute(givers.group_by(counted.c.campaign_id))
    people = {number: int(count) for number, count in heads}
    begun = _begun(session, asked)
    return {one.id: _far(one, sums[one.id], people.get(one.id, 0), *begun[one.id]) for one in asked}


def _far(campaign: Campaign, sums: dict[str, int], people: int, patrons: int, yearly: int) -> Progress:
    given = sums.get(campaign.currency, 0)
    matched = rules.matched(given, campaign.match_cap or 0)
    others = sorted((code, total) for code, total in sums.items() if total and code != campaign.currency)
    return Progress(
        kind=campaign.goal_kind,
        given=Money(given, campaign.currency),
        matched=Money(matched, campaign.currency),
        others=tuple(Money(total, code) for code, total in others),
        people=people,
        patrons=patrons,
        mrr=Money(rules.monthly(yearly), campaign.currency),
        reached={"amount": given + matched, "patrons": patrons, "mrr": yearly}[campaign.goal_kind],
        goal=campaign.goal * 12 if campaign.goal_kind == "mrr" else campaign.goal,
    )


def _begun(session: Session, asked: Sequence[Campaign]) -> dict[int, tuple[int, int]]:
    """Of the memberships that began in each: whose are still paid for, and what they bring a year in its currency. What
    became of them is followed until it ends, and not afterwards."""
    each = union_all(*(_still_paid_for(one) for one in asked)).subquery()
    heads = select(each.c.campaign_id, func.count(func.distinct(each.c.reader_id))).group_by(each.c.campaign_id)
    people = {number: int(count) for number, count in session.execute(heads)}
    brings = select(each.c.campaign_id, each.c.currency, func.sum(each.c.yearly)).group_by(
        each.c.campaign_id, each.c.currency
    )
    yearly = {(number, code): int(total) for number, code, total in session.execute(brings)}
    return {one.id: (people.get(one.id, 0), yearly.get((one.id, one.currency), 0)) for one in asked}


def _still_paid_for(campaign: Campaign) -> Select[Any]:
    began = select(Movement.membership_id).where(
        Movement.kind.in_(("new", "returned")), *_while_it_ran(campaign, Movement.at)
    )
    if came := _came_by(campaign, Membership.checkout_id):
        began = began.join(Membership, Membership.id == Movement.membership_id).where(*came)
    each = (
        select(Movement.reader_id, Movement.currency, func.sum(Movement.yearly).label("yearly"))
        .where(
            Movement.membership_id.in_(began),
            Movement.at < rules.ends_at(campaign.closes_at, campaign.closed_at),
        )
        .group_by(Movement.membership_id, Movement.reader_id, Movement.currency)
        .having(func.sum(Movement.yearly) > 0)
        .subquery()
    )
    return select(literal(campaign.id).label("campaign_id"), *each.c)


def gave(session: Session, campaign: Campaign, reader_id: int) -> bool:
    """Whether somebody has given to it, and the money stayed."""
    counted = gifts(campaign)
    own = select(counted.c.payment_id).where(counted.c.reader_id == reader_id, counted.c.kept > 0).limit(1)
    return session.execute(own).first() is not None


def choice_of(session: Session, campaign_id: int, reader_id: int) -> CampaignChoice | None:
    """What somebody wished."""
    return session.get(CampaignChoice, (campaign_id, reader_id))


def wall(session: Session, campaign: Campaign) -> Wall:
    """Those who gave and wish to be thanked in public."""
    rows = on_wall(session, campaign)
    named = sorted((row.name for row in rows if row.name and row.hidden_at is None), key=str.casefold)
    return Wall(tuple(named), len(rows) - len(named))


def on_wall(session: Session, campaign: Campaign) -> list[CampaignChoice]:
    """The same as rows, those without a name last."""
    if not campaign.wall:
        return []
    counted = gifts(campaign)
    givers = select(counted.c.reader_id).where(counted.c.kept > 0)
    own = (
        CampaignChoice.campaign_id == campaign.id, CampaignChoice.wall.is_(True), CampaignChoice.reader_id.in_(givers)
    )  # fmt: skip
    rows = session.execute(select(CampaignChoice).where(*own)).scalars()
    return sorted(rows, key=lambda row: (not row.name, row.name.casefold(), row.reader_id))


def those_to_tell(session: Session, campaign: Campaign, *, after: int, most: int) -> Sequence[Person]:
    """The next of those who gave and wish to hear of it, by number."""
    counted = gifts(campaign)
    givers = select(counted.c.reader_id).where(counted.c.kept > 0)
    wished = select(CampaignChoice.reader_id).where(
        CampaignChoice.campaign_id == campaign.id, CampaignChoice.letters.is_(True)
    )
    statement = select(Person).where(
        Person.reader_id > after, Person.reader_id.in_(wished), Person.reader_id.in_(givers),
        wants(Person.reader_id, "campaigns"), takes_letters(Person.reader_id, Person.email),
    )  # fmt: skip
    return session.execute(statement.order_by(Person.reader_id).limit(most)).scalars().all()

"""What a reader's pages show, gathered from the rooms below. Only ever of one reader, named by the session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.account.rules import Situation, has_standing, may_cancel, situation
from membership.dunning.models import UnpaidInvoice
from membership.dunning.queries import lacks_card, open_unpaid
from membership.giving.models import Payment
from membership.giving.queries import receipt_of
from membership.giving.receipt_models import Receipt
from membership.memberships.models import Membership, MembershipPayment
from membership.memberships.queries import has_been_paid
from membership.memberships.rules import GRACE
from membership.memberships.tiers import Tier
from membership.money import Money


@dataclass(frozen=True)
class PlannedChange:
    """What a membership becomes later, as Stripe confirmed it."""

    tier: str
    amount: Money
    interval: str
    starts_at: datetime
    seats: int | None = None


@dataclass(frozen=True)
class MembershipLine:
    """A membership as its reader sees it. `kept_until`: the end of the grace, while it runs; `unpaid`: what is owed."""

    id: int
    subscription_id: str
    tier: str
    amount: Money
    interval: str
    situation: Situation
    started_at: datetime
    paid_until: datetime | None
    renews_at: datetime | None
    kept_until: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    unpaid: UnpaidInvoice | None = None
    tier_id: int = 0
    paused: bool = False
    resumes_at: datetime | None = None
    planned: PlannedChange | None = None
    past_due: bool = False
    seats: int | None = None
    lacks_card: bool = False

    @property
    def owed(self) -> Money | None:
        """What a failed payment left open."""
        return Money(self.unpaid.amount, self.unpaid.currency) if self.unpaid else None

    @property
    def has_standing(self) -> bool:
        """Whether it gives votes and perks now."""
        return has_standing(self.situation)

    @property
    def may_cancel(self) -> bool:
        """Whether it can be cancelled."""
        return may_cancel(self.situation, self.ends_at)

    @property
    def stays_until(self) -> datetime | None:
        """Until when a cancellation now would leave everything as it is: the end of the period that is running."""
        return self.renews_at or self.paid_until

    @property
    def waits_for_next(self) -> bool:
        """Whether no payment failed, and the next one is simply not due yet: a pause was ended before its time."""
        if self.past_due or self.unpaid or self.renews_at is None or self.paid_until is None:
            return False
        return self.renews_at > self.paid_until

    @property
    def is_paid_up(self) -> bool:
        """Whether it ends without another payment before."""
        return self.ends_at is not None and self.paid_until is not None and self.ends_at <= self.paid_until


@dataclass(frozen=True)
class ReceiptPage:
    """A receipt with what it was for: for a membership's payment the tier and the period, for a gift nothing more."""

    receipt: Receipt
    payment: Payment
    amount: Money
    tier: str | None
    period_start: datetime | None
    period_end: datetime | None


def membership_lines(session: Session, reader_id: int, at: datetime) -> list[MembershipLine]:
    """A reader's memberships, those with standing first (their own before a group's), then the newest; not those that
    never began."""
    statement = (
        select(Membership, Tier.name)
        .join(Tier, Tier.id == Membership.tier_id)
        .where(Membership.reader_id == reader_id)
        .order_by(Membership.id.desc())
    )
    lines = [_line(session, membership, tier, at) for membership, tier in session.execute(statement).all()]
    begun = [line for line in lines if line.situation is not Situation.NEVER]

    def order(line: MembershipLine) -> tuple[bool, bool, bool]:
        return not line.has_standing, line.situation is Situation.ENDED, line.seats is not None

    return sorted(begun, key=order)


def _line(session: Session, membership: Membership, tier: str, at: datetime) -> MembershipLine:
    state = situation(
        status=membership.status,
        paid_until=membership.paid_until,
        ends_at=membership.ends_at,
        frozen=membership.frozen,
        paused=membership.paused,
        paid_once=membership.paid_until is not None or has_been_paid(session, membership.id),
        at=at,
    )
    owed = open_unpaid(session, membership.id) if state is not Situation.ENDED else []
    grace = state is Situation.GRACE and membership.paid_until is not None
    return MembershipLine(
        id=membership.id,
        subscription_id=membership.subscription_id,
        tier=tier,
        amount=Money(membership.amount, membership.currency),
        interval=membership.interval,
        situation=state,
        started_at=membership.pledged_since or membership.started_at,
        paid_until=membership.paid_until,
        renews_at=membership.period_ends_at,
        kept_until=membership.paid_until + GRACE if grace and membership.paid_until else None,
        ends_at=membership.ends_at,
        ended_at=membership.ended_at,
        unpaid=owed[0] if owed else None,
        tier_id=membership.tier_id,
        paused=membership.paused,
        resumes_at=membership.resumes_at,
        planned=_planned(session, membership, tier),
        past_due=membership.status == "past_due",
        seats=membership.seats,
        lacks_card=state is not Situation.ENDED and lacks_card(session, membership.id),
    )


def _planned(session: Session, membership: Membership, tier: str) -> PlannedChange | None:
    if membership.next_amount is None or membership.next_interval is None or membership.next_from is None:
        return None
    after = session.get(Tier, membership.next_tier_id) if membership.next_tier_id else None
    amount = Money(membership.next_amount, membership.currency)
    name = after.name if after else tier
    return PlannedChange(name, amount, membership.next_interval, membership.next_from, membership.next_seats)


def line_to_change(
    session: Session, reader_id: int, membership_id: int | None, *, at: datetime, ending: bool
) -> MembershipLine | None:
    """The reader's running membership that a cancellation (or, `ending`, taking one back) is about.

    By its number; or without one the first that it can be about, else the first that runs. Never somebody else's.
    """
    running = [line for line in membership_lines(session, reader_id, at) if line.situation is not Situation.ENDED]
    if membership_id is not None:
        return next((line for line in running if line.id == membership_id), None)
    return next((line for line in running if (line.ends_at is not None) is ending), running[0] if running else None)


def receipt_page(session: Session, reader_id: int, number: str) -> ReceiptPage | None:
    """A reader's own receipt; None for a number that is nobody's or somebody else's."""
    found = receipt_of(session, reader_id, number)
    if found is None or found[1].number != number:
        return None
    payment, receipt = found
    statement = (
        select(MembershipPayment, Tier.name)
        .join(Membership, Membership.id == MembershipPayment.membership_id)
        .join(Tier, Tier.id == Membership.tier_id)
        .where(MembershipPayment.payment_id == payment.id)
    )
    row = session.execute(statement).first()
    amount = Money(payment.amount, payment.currency)
    if row is None:
        return ReceiptPage(receipt, payment, amount, None, None, None)
    return ReceiptPage(receipt, payment, amount, row[1], row[0].period_start, row[0].period_end)

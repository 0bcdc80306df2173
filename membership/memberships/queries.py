"""Questions about memberships and tiers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, select
from sqlalchemy.orm import Session

from membership.db import find, run
from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import is_disputed, is_undecided, refunded
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership, MembershipCheckout, MembershipPayment
from membership.memberships.rules import ENDED, NOT_BEGUN
from membership.memberships.tiers import Tier, TierPrice
from membership.money import Money


@dataclass(frozen=True)
class PaidPeriod:
    """A payment of a membership: the end of its period, what was paid, how much of it refunds hold, whether a dispute has
    taken it.

    `freezes`: that dispute is undecided, and does not stem from before the membership was taken over from another system.
    """

    period_end: datetime
    amount: int
    refunded: int
    disputed: bool
    freezes: bool


@dataclass(frozen=True)
class TierOffer:
    """A tier as shown on /join, in one currency."""

    id: int
    slug: str
    name: str
    blurb: str
    monthly: Money
    yearly: Money


def memberships_of(session: Session, reader_id: int) -> list[Membership]:
    """A reader's memberships, the newest first."""
    statement = select(Membership).where(Membership.reader_id == reader_id).order_by(Membership.id.desc())
    return list(session.execute(statement).scalars())


def current_membership(session: Session, reader_id: int) -> Membership | None:
    """The reader's own membership that is running now, if one is; the newest of several. A group they pay for is not it."""
    own = (row for row in memberships_of(session, reader_id) if row.seats is None)
    return next((row for row in own if row.status not in ENDED), None)


def holders(session: Session, membership_id: int) -> set[int]:
    """The readers who hold the seats of a group's membership."""
    held = (GroupSeat.membership_id == membership_id, GroupSeat.freed_at.is_(None), GroupSeat.reader_id.is_not(None))
    return {reader_id for reader_id in session.execute(select(GroupSeat.reader_id).where(*held)).scalars() if reader_id}


def running_now() -> ColumnElement[bool]:
    """Memberships that have begun and not ended, as an SQL condition: what counts for "one person, one pledge"."""
    return Membership.status.not_in(ENDED | NOT_BEGUN)


def pledged_twice(session: Session) -> list[int]:
    """The readers with more than one running membership: each is to be looked at by a person. A group is another pledge."""
    statement = select(Membership.reader_id).where(running_now(), Membership.seats.is_(None))
    twice = statement.group_by(Membership.reader_id).having(func.count() > 1)
    return list(session.execute(twice.order_by(Membership.reader_id)).scalars())


_RUNNING_OF = select(func.count()).where(
    Membership.reader_id == bindparam("reader"), Membership.seats.is_(None), running_now()
)


def is_pledged_twice(session: Session, reader_id: int) -> bool:
    """Whether one reader has more than one running membership of their own."""
    return session.execute(_RUNNING_OF, {"reader": reader_id}).scalar_one() > 1


_BY_SUBSCRIPTION = select(Membership).where(Membership.subscription_id == bindparam("subscription"))
_AND_HOLD = _BY_SUBSCRIPTION.with_for_update()
_BY_PRODUCT = select(Tier).where(Tier.stripe_product_id == bindparam("product"))
_ID_BY_PRODUCT = select(Tier.id).where(Tier.stripe_product_id == bindparam("product"))
_BOOKED = (
    select(Payment.stripe_id)
    .join(MembershipPayment, MembershipPayment.payment_id == Payment.id)
    .join(Membership, Membership.id == MembershipPayment.membership_id)
    .join(LedgerEntry, LedgerEntry.payment_id == Payment.id)
    .where(Membership.subscription_id == bindparam("subscription"))
)
_OWN = MembershipPayment.membership_id == bindparam("membership")
_PERIODS = (
    select(
        Payment.id,
        Payment.amount,
        MembershipPayment.period_end,
        (exists().where(Refund.payment_id == Payment.id) | exists().where(Dispute.payment_id == Payment.id)).label(
            "corrected"
        ),
    )
    .join(MembershipPayment, MembershipPayment.payment_id == Payment.id)
    .where(_OWN)
)
_REFUNDS = (
    select(Refund.payment_id, Refund.state, Refund.amount)
    .join(MembershipPayment, MembershipPayment.payment_id == Refund.payment_id)
    .where(_OWN)
)
_DISPUTES = (
    select(Dispute.payment_id, Dispute.status, (Dispute.opened_at < Payment.taken_over_at).label("old"))
    .join(MembershipPayment, MembershipPayment.payment_id == Dispute.payment_id)
    .join(Payment, Payment.id == Dispute.payment_id)
    .where(_OWN)
)


def membership_by_subscription(session: Session, subscription_id: str, *, lock: bool = False) -> Membership | None:
    """The membership of a Stripe subscription; `lock` holds its row until the commit."""
    statement = _AND_HOLD if lock else _BY_SUBSCRIPTION
    return find(session, Membership, statement, {"subscription": subscription_id})


def tier(session: Session, tier_id: int) -> Tier | None:
    """A tier by its number."""
    return session.get(Tier, tier_id)


def tier_by_product(session: Session, product_id: str) -> Tier | None:
    """The tier that a Stripe product stands for."""
    return session.execute(_BY_PRODUCT, {"product": product_id}).scalar_one_or_none()


def tier_id_by_product(session: Session, product_id: str) -> int | None:
    """The same, its number only."""
    return run(session, _ID_BY_PRODUCT, {"product": product_id}).scalar()


def tiers_not_at_stripe(session: Session) -> list[Tier]:
    """Tiers that Stripe does not know yet."""
    return list(session.execute(select(Tier).where(Tier.stripe_product_id.is_(None))).scalars())


def offers(session: Session, currency: str) -> list[TierOffer]:
    """The tiers on offer in a currency, in their order; a tier without both prices there is not on offer."""
    statement = (
        select(Tier, TierPrice)
        .join(TierPrice, TierPrice.tier_id == Tier.id)
        .where(Tier.archived_at.is_(None), TierPrice.currency == currency)
        .order_by(Tier.position, Tier.id)
    )
    found: dict[int, tuple[Tier, dict[str, Money]]] = {}
    for row, price in session.execute(statement):
        found.setdefault(row.id, (row, {}))[1][price.interval] = Money(price.minor, currency)
    return [
        TierOffer(row.id, row.slug, row.name, row.blurb, prices["month"], prices["year"])
        for row, prices in found.values()
        if {"month", "year"} <= prices.keys()
    ]


def open_tiers(session: Session) -> list[Tier]:
    """The tiers that are not archived, in their order."""
    return list(session.execute(select(Tier).where(Tier.archived_at.is_(None)).order_by(Tier.position)).scalars())


def priced_currencies(session: Session) -> set[str]:
    """The currencies in which any tier is on offer."""
    statement = select(TierPrice.currency).join(Tier, Tier.id == TierPrice.tier_id).where(Tier.archived_at.is_(None))
    return set(session.execute(statement.distinct()).scalars())


def checkout_choice(session: Session, checkout_id: int) -> MembershipCheckout | None:
    """The tier and interval that a membership's checkout asked for."""
    return session.get(MembershipCheckout, checkout_id)


def paid_invoices(session: Session | Connection, subscription_id: str) -> set[str]:
    """The invoices of a subscription that stand in our books, with what Stripe booked for them."""
    return set(run(session, _BOOKED, {"subscription": subscription_id}).scalars())


def membership_of_checkout(session: Session, checkout: Checkout) -> Membership | None:
    """The membership that a checkout began, once Stripe confirmed it."""
    return session.execute(select(Membership).where(Membership.checkout_id == checkout.id)).scalar_one_or_none()


def membership_of_payment(session: Session, payment_id: int) -> Membership | None:
    """The membership that a payment was made for."""
    statement = select(Membership).join(MembershipPayment, MembershipPayment.membership_id == Membership.id)
    return session.execute(statement.where(MembershipPayment.payment_id == payment_id)).scalar_one_or_none()


def has_been_paid(session: Session, membership_id: int) -> bool:
    """Whether any payment was made for a membership, whatever became of it."""
    statement = select(MembershipPayment.payment_id).where(MembershipPayment.membership_id == membership_id).limit(1)
    return session.execute(statement).first() is not None


def periods_paid(session: Session, membership_id: int) -> list[PaidPeriod]:
    """Every payment of a membership with the period it paid for, and what came of it."""
    own = {"membership": membership_id}
    rows = list(run(session, _PERIODS, own))
    if not any(row.corrected for row in rows):  # nearly always
        return [PaidPeriod(row.period_end, row.amount, 0, False, False) for row in rows]
    held: dict[int, int] = {}
    for refund in run(session, _REFUNDS, own):
        held[refund.payment_id] = held.get(refund.payment_id, 0) + refunded([(refund.state, refund.amount)])
    disputes = list(run(session, _DISPUTES, own))
    disputed = {row.payment_id for row in disputes if is_disputed([row.status])}
    freezing = {row.payment_id for row in disputes if is_undecided([row.status]) and not row.old}
    return [
        PaidPeriod(row.period_end, row.amount, held.get(row.id, 0), row.id in disputed, row.id in freezing)
        for row in rows
    ]

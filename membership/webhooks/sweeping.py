"""What the reconciler writes: Stripe's lists held beside our books, page by page. Whatever differs has its root looked at
again by the path that webhooks take, and stands on the drift list until it does not differ any more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.gateway.listing import About, PayoutReading, Transaction
from membership.gateway.looking import look_again
from membership.gateway.readings import Booking, DisputeReading, RefundReading, SubscriptionReading
from membership.giving.correction_models import Dispute, Refund
from membership.giving.ledger import book
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.giving.payers import look_at_all_payers
from membership.giving.payout_models import Payout
from membership.giving.queries import checkout_by_token, payment_by_intent, reader_of_customer
from membership.memberships.actions import tell_pledged_twice
from membership.memberships.models import Membership
from membership.memberships.queries import membership_of_payment
from membership.memberships.rules import ENDED, NOT_BEGUN
from membership.webhooks.actions import is_told, keep_event
from membership.webhooks.drift import find, settle
from membership.webhooks.drift_models import Drift, Reconciliation, Swept
from membership.webhooks.rules import NotFromStripe, read_envelope

REACH = timedelta(days=30)
"""So far back Stripe keeps its events."""
PAGE = 100
SLOW_PAGE = 20
PATIENCE = timedelta(hours=1)
"""So long an open checkout, or a booking that Stripe has yet to make, is nothing to ask about."""
OPEN_REFUNDS = ("asked", "pending", "requires_action")
OVER = ("won", "lost", "warning_closed", "prevented")
TO_OUR_BANK = ("payout", "payout_cancel", "payout_failure")
OF_PAYMENTS = (
    "charge", "payment", "refund", "payment_refund", "refund_failure", "payment_failure_refund", "adjustment",
    "payment_reversal", "payment_unreconciled",
)  # fmt: skip


@dataclass(frozen=True)
class Tally:
    """What a page came to: objects looked at, events we had missed, differences found."""

    looked: int = 0
    missed: int = 0
    found: int = 0


@dataclass(frozen=True)
class Claimable:
    """A balance transaction that our ledger lacks, and the root whose job would book it; None: not ours at all."""

    transaction: Transaction
    root: str | None


def keep_missed(session: Session, events: Sequence[dict[str, Any]], *, livemode: bool, at: datetime) -> Tally:
    """Events that Stripe has and the inbox has not, kept as if they had come by the door. Not missed is what was told as
    a thin event."""
    missed = 0
    for event in events:
        try:
            envelope = read_envelope(event, livemode=livemode)
        except NotFromStripe:
            continue
        told = is_told(session, envelope.id)
        kept = keep_event(session, envelope, json.dumps(event).encode(), heard=not envelope.foreign, at=at)
        missed += kept and not told
    return Tally(looked=len(events), missed=missed)


def sweep_subscriptions(
    session: Session, run_id: int, readings: Sequence[SubscriptionReading], *, at: datetime
) -> Tally:
    """Subscriptions beside memberships: none may be missing, and none may differ."""
    wanted = select(Membership).where(Membership.subscription_id.in_([reading.id for reading in readings]))
    known = {membership.subscription_id: membership for membership in session.execute(wanted).scalars()}
    found = 0
    for reading in readings:
        membership = known.get(reading.id)
        if membership is None:
            if _is_ours(session, reading):
                told = _told(_facts(reading))
                found += find(
                    session, "membership_missing", reading.id, ours="no membership", theirs=told, root=reading.id, at=at
                )
            continue
        insert_once(session, Swept, run_id=run_id, subscription_id=reading.id)
        ours, theirs = _facts(membership), _facts(reading)
        differing = [name for name in theirs if ours[name] != theirs[name]]
        if differing:
            here, there = _told(ours, differing), _told(theirs, differing)
            found += find(session, "membership_differs", reading.id, ours=here, theirs=there, root=reading.id, at=at)
        else:
            settle(session, "membership_differs", reading.id, at=at)
    return Tally(looked=len(readings), found=found)


def unmet(session: Session, run: Reconciliation, *, beyond: int) -> list[tuple[int, str]]:
    """Running memberships whose subscription this run did not meet, by their number, from `beyond` on."""
    met = select(Swept.subscription_id).where(Swept.run_id == run.id)
    statement = (
        select(Membership.id, Membership.subscription_id)
        .where(
            Membership.id > beyond,
            Membership.status.not_in(ENDED),
            Membership.started_at <= run.began_at,
            Membership.subscription_id.not_in(met),
        )
        .order_by(Membership.id)
        .limit(SLOW_PAGE)
    )
    return [(row.id, row.subscription_id) for row in session.execute(statement)]


def sweep_unmet(session: Session, there: Mapping[str, bool], *, at: datetime) -> Tally:
    """Memberships by whether Stripe still knows their subscription: those it does are looked at, the others are drift."""
    found = 0
    for subscription_id, known in there.items():
        if known:
            look_again(session, subscription_id, at=at)
            settle(session, "subscription_gone", subscription_id, at=at)
        else:
            row = session.execute(select(Membership).where(Membership.subscription_id == subscription_id)).scalar_one()
            ours, theirs = _told(_facts(row)), "no such subscription"
            found += find(
                session, "subscription_gone", subscription_id, ours=ours, theirs=theirs, reader_id=row.reader_id, at=at
            )
    return Tally(looked=len(there), found=found)


def sweep_doubles(session: Session, *, at: datetime) -> Tally:
    """One person, one pledge: readers with two running memberships are for staff to look at, and hear of it by letter.

    And one payer: of several at Stripe, it is seen which one goes on.
    """
    look_at_all_payers(session, at=at)
    living = Membership.status.not_in(ENDED | NOT_BEGUN) & Membership.seats.is_(None)
    twice = select(Membership.reader_id).where(living).group_by(Membership.reader_id).having(func.count() > 1)
    rows = session.execute(
        select(Membership.reader_id, Membership.subscription_id)
        .where(living, Membership.reader_id.in_(twice))
        .order_by(Membership.reader_id, Membership.id)
    ).all()
    running: dict[int, list[str]] = {}
    for row in rows:
        running.setdefault(row.reader_id, []).append(row.subscription_id)
    found = 0
    for reader, subs in running.items():
        ours = ", ".join(subs)
        found += find(session, "double_pledge", f"reader/{reader}", ours=ours, theirs="", reader_id=reader, at=at)
        tell_pledged_twice(session, reader, subs, at=at)
    no_more = update(Drift).where(
        Drift.kind == "double_pledge", Drift.settled_at.is_(None), Drift.reader_id.not_in(running)
    )
    session.execute(no_more.values(settled_at=at))
    return Tally(looked=len(running), found=found)


def silent_checkouts(session: Session, *, beyond: int, at: datetime) -> list[tuple[int, str]]:
    """Hosted pages that were opened and of which we heard nothing more: number and session, from `beyond` on."""
    statement = (
        select(Checkout.id, Checkout.session_id)
        .where(
            Checkout.id > beyond,
            Checkout.state.in_(("open", "waiting")),
            Checkout.session_id.is_not(None),
            Checkout.begun_at.between(at - REACH, at - PATIENCE),
        )
        .order_by(Checkout.id)
        .limit(PAGE)
    )
    return [(row.id, row.session_id) for row in session.execute(statement)]


def sweep_checkouts(session: Session, session_ids: Sequence[str], *, at: datetime) -> Tally:
    """Each of them is looked at."""
    for session_id in session_ids:
        look_again(session, session_id, at=at)
    return Tally(looked=len(session_ids))


def sweep_refunds(session: Session, listed: Sequence[About[RefundReading]], *, at: datetime) -> Tally:
    """Refunds at Stripe beside ours."""
    ids = [one.reading.id for one in listed]
    rows = session.execute(select(Refund.stripe_id, Refund.state).where(Refund.stripe_id.in_(ids)))
    known = {row.stripe_id: row.state for row in rows}
    found = 0
    for one in listed:
        theirs, ours = one.reading.status, known.get(one.reading.id)
        found += _correction(session, "refund_differs", one.reading.id, ours, theirs, one.payment_intent_id, at=at)
    return Tally(looked=len(listed), found=found)


def sweep_disputes(session: Session, listed: Sequence[About[DisputeReading]], *, at: datetime) -> Tally:
    """Disputes at Stripe beside ours."""
    ids = [one.reading.id for one in listed]
    rows = session.execute(select(Dispute.stripe_id, Dispute.status).where(Dispute.stripe_id.in_(ids)))
    known = {row.stripe_id: row.status for row in rows}
    found = 0
    for one in listed:
        theirs, ours = one.reading.status, known.get(one.reading.id)
        found += _correction(session, "dispute_differs", one.reading.id, ours, theirs, one.payment_intent_id, at=at)
    return Tally(looked=len(listed), found=found)


def sweep_payouts(session: Session, listed: Sequence[PayoutReading], *, at: datetime) -> Tally:
    """Payouts at Stripe beside ours."""
    ids = [one.id for one in listed]
    rows = session.execute(select(Payout.stripe_id, Payout.status).where(Payout.stripe_id.in_(ids)))
    known, found = {row.stripe_id: row.status for row in rows}, 0
    for one in listed:
        ours = known.get(one.id, "nothing")
        if ours == one.status:
            settle(session, "payout_differs", one.id, at=at)
        else:
            found += find(session, "payout_differs", one.id, ours=ours, theirs=one.status, root=one.id, at=at)
    return Tally(looked=len(listed), found=found)


def sweep_open_corrections(session: Session, *, at: datetime) -> Tally:
    """Refunds and disputes that are not over yet, however old: what became of them?"""
    refunds = select(Refund.payment_id).where(Refund.state.in_(OPEN_REFUNDS), Refund.stripe_id.is_not(None))
    disputes = select(Dispute.payment_id).where(Dispute.status.not_in(OVER))
    wanted = select(Payment.payment_intent_id).where(Payment.id.in_(refunds.union(disputes)))
    intents = [intent for intent in session.execute(wanted).scalars() if intent]
    for intent in intents:
        look_again(session, intent, at=at)
    return Tally(looked=len(intents))


def unbooked(session: Session, transactions: Iterable[Transaction]) -> list[Transaction]:
    """Those that no ledger line stands for."""
    wanted = list(transactions)
    ids = [one.id for one in wanted]
    known = set(session.execute(select(LedgerEntry.stripe_id).where(LedgerEntry.stripe_id.in_(ids))).scalars())
    return [one for one in wanted if one.id not in known and one.type not in TO_OUR_BANK]


def sweep_transactions(
    session: Session, page: Sequence[Transaction], lacking: Sequence[Claimable], *, at: datetime
) -> Tally:
    """What Stripe booked beside our ledger. What belongs to no payment (Stripe's own fees) is booked as it stands."""
    found = 0
    for one in lacking:
        transaction = one.transaction
        if one.root is not None:
            theirs = f"{transaction.type}: {transaction.net} {transaction.currency} (minor units, net)"
            found += find(
                session, "transaction_unbooked", transaction.id, ours="nothing", theirs=theirs, root=one.root, at=at
            )
        elif transaction.type not in OF_PAYMENTS:
            booking = Booking(transaction.id, transaction.currency, transaction.amount, transaction.fee, transaction.at)
            book(session, booking, kind="other", payment_id=None)
    return Tally(looked=len(page), found=found)


def sweep_days(session: Session, since: datetime, theirs: Mapping[str, int], *, at: datetime) -> Tally:
    """Sums per day and currency: our ledger beside Stripe's bookings of ours (`theirs`, by `day currency`), net.

    Left for the next run while single bookings are known to be missing: those explain the difference.
    """
    open_ones = select(Drift.id).where(Drift.kind == "transaction_unbooked", Drift.settled_at.is_(None))
    if session.execute(open_ones.limit(1)).first():
        return Tally()
    rows = session.execute(
        select(LedgerEntry.at, LedgerEntry.currency, LedgerEntry.amount).where(
            LedgerEntry.at >= since, LedgerEntry.kind != "payout", LedgerEntry.stripe_id.not_like("way:%")
        )
    )
    ours: dict[str, int] = {}
    for row in rows.yield_per(1000):
        ours[day_of(row.at, row.currency)] = ours.get(day_of(row.at, row.currency), 0) + row.amount
    found = 0
    for day in sorted(ours.keys() | theirs.keys()):
        if ours.get(day, 0) == theirs.get(day, 0):
            settle(session, "day_differs", day, at=at)
        else:
            here, there = str(ours.get(day, 0)), str(theirs.get(day, 0))
            found += find(session, "day_differs", day, ours=here, theirs=there, at=at)
    return Tally(looked=len(ours), found=found)


def day_of(at: datetime, currency: str) -> str:
    """The name under which a day's sum is compared."""
    return f"{at.astimezone(UTC):%Y-%m-%d} {currency}"


def sums_reach(session: Session, since: datetime) -> datetime:
    """Days are compared whole, and those that differed last time are compared again."""
    differing = select(func.min(Drift.object)).where(Drift.kind == "day_differs", Drift.settled_at.is_(None))
    oldest = session.execute(differing).scalar_one()
    began = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return min(began, datetime.strptime(oldest[:10], "%Y-%m-%d").replace(tzinfo=UTC)) if oldest else began


def sweep_payments(session: Session, *, at: datetime) -> Tally:
    """Payments for which no ledger line stands although Stripe must have booked them by now."""
    lines = select(LedgerEntry.id).where(LedgerEntry.payment_id == Payment.id).exists()
    through_stripe = Payment.stripe_id.like("in\\_%", escape="\\") | Payment.stripe_id.like("pi\\_%", escape="\\")
    statement = select(Payment).where(
        ~lines,
        through_stripe,
        Payment.payment_intent_id.is_not(None),
        Payment.paid_at.between(at - REACH, at - PATIENCE),
    )
    payments = session.execute(statement.limit(PAGE)).scalars().all()
    found = 0
    for payment in payments:
        ours, theirs = f"{payment.amount} {payment.currency}, no ledger line", ""
        found += find(
            session,
            "payment_unbooked",
            payment.stripe_id,
            ours=ours,
            theirs=theirs,
            root=root_of_payment(session, payment),
            at=at,
        )
    return Tally(looked=len(payments), found=found)


def root_of_payment(session: Session, payment: Payment) -> str | None:
    """Under which root a payment itself is taken in: its membership's subscription, else its payment intent."""
    membership = membership_of_payment(session, payment.id)
    return membership.subscription_id if membership else payment.payment_intent_id


def finish(session: Session, run: Reconciliation, *, at: datetime) -> None:
    """The run is over: what still differs is looked at once more."""
    run.ended_at = at
    session.execute(delete(Swept))
    roots = select(Drift.root_id).where(Drift.settled_at.is_(None), Drift.root_id.is_not(None)).distinct()
    for root in session.execute(roots).scalars().all():
        look_again(session, root or "", at=at)


def _is_ours(session: Session, reading: SubscriptionReading) -> bool:
    """Begun by one of our checkouts (their marker is on it), or of a customer of ours and not over."""
    if reading.token is not None:
        return reading.status not in ("incomplete", "incomplete_expired") or (
            checkout_by_token(session, reading.token) is not None
        )
    return reading.status not in ENDED and reader_of_customer(session, reading.customer_id) is not None


def _facts(row: Membership | SubscriptionReading) -> dict[str, Any]:
    """What must be the same on both sides."""
    names = ("status", "amount", "currency", "interval", "period_ends_at", "ends_at", "ended_at")
    return {name: getattr(row, name) for name in names}


def _told(facts: Mapping[str, Any], names: Iterable[str] | None = None) -> str:
    shown = ((name, facts[name]) for name in (names or ("status", "amount", "currency", "interval")))
    return ", ".join(
        f"{name} {value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else f"{name} {value}" for name, value in shown
    )


def _correction(
    session: Session, kind: str, object: str, ours: str | None, theirs: str, intent: str | None, *, at: datetime
) -> bool:
    if ours == theirs:
        settle(session, kind, object, at=at)
        return False
    if intent is None or payment_by_intent(session, intent) is None:
        return False  # of a payment that is not in our books: its balance transaction tells whether it should be
    return find(session, kind, object, ours=ours or "nothing", theirs=theirs, root=intent, at=at)

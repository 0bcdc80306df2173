"""Verbs about memberships: beginning one, keeping it in step with Stripe, receiving its payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session

from membership.db import alter, insert_once, run
from membership.gateway.looking import look_again
from membership.gateway.readings import InvoiceReading, PaymentReading, SubscriptionReading
from membership.giving.actions import book_payment, note_failed, reader_behind
from membership.giving.correction_rules import counts
from membership.giving.models import Checkout, Payment
from membership.giving.payers import look_at_payers
from membership.giving.queries import checkout_by_token
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.memberships import groups, rules
from membership.memberships.given import wake_turn
from membership.memberships.models import Membership, MembershipCheckout, MembershipPayment, Movement
from membership.memberships.other_pages import TWICE, close_others
from membership.memberships.queries import (
    checkout_choice,
    current_membership,
    holders,
    membership_by_subscription,
    membership_of_payment,
    periods_paid,
    tier_id_by_product,
)
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.readers.models import Person
from membership.readers.queries import person_by_email


class NotOurs(Exception):
    """A subscription that none of our checkouts began, of a customer we do not know: left alone."""


@dataclass(frozen=True)
class PaidInvoice:
    """An invoice that was paid, with what Stripe booked for it (None when nothing had to be charged)."""

    invoice: InvoiceReading
    payment: PaymentReading | None


def choose_tier(
    session: Session, checkout: Checkout, *, tier_id: int, interval: str, seats: int | None = None,
    pledged_since: datetime | None = None,
) -> None:
    """What a membership's checkout asks for (`seats`: a group's; `pledged_since`: when the pledge that it goes on with began
    elsewhere). The same attempt told twice is one choice."""
    choice = {"tier_id": tier_id, "interval": interval, "seats": seats, "pledged_since": pledged_since}
    insert_once(session, MembershipCheckout, checkout_id=checkout.id, **choice)


def take_in(
    session: Session, subscription: SubscriptionReading, paid: Sequence[PaidInvoice], *, at: datetime
) -> Membership:
    """A subscription and its newly paid invoices, as fetched under its lease: the whole truth in one go.

    Raises `NotOurs`.
    """
    for one in paid:
        if one.payment and one.payment.settlement and one.payment.settlement.corrected:
            # Money of it went back before we had booked it. Job rows are locked before the membership, always.
            look_again(session, one.payment.id, at=at)
    membership = _known(session, subscription, at=at)
    for one in sorted(paid, key=lambda one: one.invoice.period_end):
        receive_membership_payment(session, membership, one, at=at)
    first_paid = min((one.invoice.paid_at for one in paid if one.invoice.paid_at), default=None)
    return _follow(session, membership, subscription, counted_from=first_paid, at=at)


def keep_in_step(session: Session, subscription: SubscriptionReading, *, at: datetime) -> Membership:
    """Bring a membership to what Stripe just answered; changes of its money become movements. Raises `NotOurs`."""
    return _follow(session, _known(session, subscription, at=at), subscription, counted_from=None, at=at)


def end_without_stripe(session: Session, subscription_id: str, *, at: datetime) -> None:
    """Stripe does not know this subscription any more: nothing will be charged under it, so the membership is over."""
    membership = membership_by_subscription(session, subscription_id, lock=True)
    if membership is not None and membership.status not in rules.ENDED:
        membership.status, membership.ended_at, membership.ends_at = "canceled", at, None
        _move(session, membership, payment_failed=False, counted_from=None, at=at)
        look_at_payers(session, membership.reader_id, at=at)


def receive_membership_payment(session: Session, membership: Membership, paid: PaidInvoice, *, at: datetime) -> None:
    """One paid invoice becomes one payment, and carries the standing on. One of nothing carries standing, not income.

    What another system collected before the subscription was adopted has its receipt from there: it gets none of ours.
    """
    invoice = paid.invoice
    if invoice.amount_paid > 0:
        paid_at = invoice.paid_at or at
        payment = book_payment(
            session,
            stripe_id=invoice.id,
            reader_id=membership.reader_id,
            kind="membership",
            amount=Money(invoice.amount_paid, invoice.currency),
            paid_at=paid_at,
            settlement=paid.payment.settlement if paid.payment else None,
            article_id=membership.article_id,
            checkout_id=membership.checkout_id,
            receipted=membership.adopted_at is None or paid_at > membership.adopted_at,
            at=at,
        )
        period = {"period_start": invoice.period_start, "period_end": invoice.period_end}
        insert_once(session, MembershipPayment, payment_id=payment.id, membership_id=membership.id, **period)
    else:
        membership.free_until = max(filter(None, [membership.free_until, invoice.period_end]))
    _reckon(session, membership)


def hold_membership(session: Session, payment: Payment) -> Membership | None:
    """Lock the membership that a payment was made for, before the payment itself: the one order of locks."""
    found = membership_of_payment(session, payment.id)
    return membership_by_subscription(session, found.subscription_id, lock=True) if found else None


def reckon_standing(session: Session, membership: Membership, *, at: datetime) -> None:
    """After a refund or dispute: reckon again until when a (held) membership is paid, and wake the perks."""
    before = (membership.paid_until, membership.frozen)
    _reckon(session, membership)
    if before != (membership.paid_until, membership.frozen):
        _wake(session, membership, at=at)


def _reckon(session: Session, membership: Membership) -> None:
    """`paid_until` and `frozen` from the payments as they stand now; the membership's row must be locked."""
    session.flush()
    periods = periods_paid(session, membership.id)
    counting = [p.period_end for p in periods if counts(p.amount, refunded=p.refunded, disputed=p.disputed)]
    paid_until = max([*counting, *filter(None, [membership.free_until])], default=None)
    alter(session, membership, paid_until=paid_until, frozen=any(period.freezes for period in periods))


def _wake(session: Session, membership: Membership, *, at: datetime) -> None:
    """Whoever has standing by this membership may have it no more, or again: its reader, or those on its seats."""
    readers = {membership.reader_id} if membership.seats is None else holders(session, membership.id)
    for reader_id in sorted(readers):
        post(session, "perks.grant", f"perks:{reader_id}", {"reader": reader_id}, due_at=at)
        wake_turn(session, reader_id, at=at)


def _known(session: Session, subscription: SubscriptionReading, *, at: datetime) -> Membership:
    """The membership of a subscription, its row locked; begun here when the subscription is new to us."""
    found = membership_by_subscription(session, subscription.id, lock=True)
    if found is not None:
        return found
    checkout = checkout_by_token(session, subscription.token)
    reader_id = reader_behind(session, subscription.token, subscription.customer_id, at=at)
    tier_id = _tier(session, subscription, checkout)
    if reader_id is None or tier_id is None:
        raise NotOurs(subscription.id)
    choice = checkout_choice(session, checkout.id) if checkout else None
    insert_once(
        session,
        Membership,
        subscription_id=subscription.id,
        reader_id=reader_id,
        tier_id=tier_id,
        checkout_id=checkout.id if checkout else None,
        article_id=checkout.article_id if checkout else None,
        status="incomplete",  # how it stands is followed next, and that it began is seen there
        currency=subscription.currency,
        amount=subscription.amount,
        interval=subscription.interval,
        counted=0,
        started_at=subscription.started_at,
        pledged_since=choice.pledged_since if choice else None,
        frozen=False,
        paused=False,
        seats=subscription.quantity if choice and choice.seats else None,  # a group's, if somebody bought it as one
    )
    made = membership_by_subscription(session, subscription.id, lock=True)
    assert made is not None
    return made


def _tier(session: Session, subscription: SubscriptionReading, checkout: Checkout | None) -> int | None:
    by_product = tier_id_by_product(session, subscription.product_id)
    if by_product is not None:
        return by_product
    choice = checkout_choice(session, checkout.id) if checkout else None
    return choice.tier_id if choice else None


def _follow(
    session: Session,
    membership: Membership,
    subscription: SubscriptionReading,
    *,
    counted_from: datetime | None,
    at: datetime,
) -> Membership:
    rests, tier_before = membership.paused != subscription.paused, membership.tier_id
    begins, ran = membership.status in rules.NOT_BEGUN, membership.status not in rules.ENDED
    alter(
        session,
        membership,
        status=subscription.status,
        amount=subscription.amount,
        interval=subscription.interval,
        period_ends_at=subscription.period_ends_at,
        ends_at=subscription.ends_at,
        ended_at=subscription.ended_at,
        tier_id=_tier(session, subscription, None) or membership.tier_id,
        paused=subscription.paused,
        resumes_at=subscription.resumes_at,
        **_planned(session, membership, subscription),
    )
    if membership.seats is not None and membership.seats != subscription.quantity:
        membership.seats = subscription.quantity
        groups.fit(session, membership, at=at)
    _close_checkout(session, membership, subscription, at=at)
    failed = rules.ended_by_failure(status=subscription.status, payment_failed=subscription.payment_failed)
    switched = membership.tier_id != tier_before
    _move(session, membership, payment_failed=failed, counted_from=counted_from, switched=switched, at=at)
    if rests:
        _wake(session, membership, at=at)
    session.flush()
    if begins and membership.status not in rules.NOT_BEGUN | rules.ENDED:
        close_others(session, membership, at=at)
    ends = ran and membership.status in rules.ENDED
    if begins or ends:
        look_at_payers(session, membership.reader_id, at=at)
    if ends and current_membership(session, membership.reader_id) is not None:  # there were two: is there one now?
        post(session, TWICE, TWICE, due_at=at)
    return membership


def _planned(session: Session, membership: Membership, subscription: SubscriptionReading) -> dict[str, Any]:
    """What is planned at Stripe for later, or nothing."""
    planned = subscription.planned
    return {
        "next_tier_id": tier_id_by_product(session, planned.product_id) if planned else None,
        "next_amount": planned.amount if planned else None,
        "next_interval": planned.interval if planned else None,
        "next_from": planned.starts_at if planned else None,
        "next_seats": planned.quantity if planned and membership.seats is not None else None,
    }


def _close_checkout(
    session: Session, membership: Membership, subscription: SubscriptionReading, *, at: datetime
) -> None:
    """What became of the checkout that began a membership: paid, or refused by the bank after all."""
    if membership.paid_until is not None and membership.checkout_id is not None:
        session.execute(update(Checkout).where(Checkout.id == membership.checkout_id).values(state="paid"))
    elif membership.paid_until is None and membership.status in rules.ENDED:
        note_failed(session, subscription.token, at=at)


_MOVED = select(Movement.kind).where(Movement.membership_id == bindparam("membership")).order_by(Movement.sequence)
_MOVED_BEFORE = select(exists().where(Movement.reader_id == bindparam("reader")))


def _move(
    session: Session,
    membership: Membership,
    *,
    payment_failed: bool,
    counted_from: datetime | None,
    switched: bool = False,
    at: datetime,
) -> None:
    """Write the movement that this change makes, and wake whoever depends on standing."""
    after = rules.counted_amount(
        status=membership.status,
        # Money that went back takes away standing; what runs on is still what the next months bring.
        paid_once=membership.paid_until is not None or bool(_movements(session, membership)),
        amount=membership.amount,
        interval=membership.interval,
        paused=membership.paused,
    )
    ended = membership.status in rules.ENDED
    if rules.runs_as_before(membership.counted, after, ended=ended, switched=switched):  # nearly always
        return
    moved = _movements(session, membership)
    kind = rules.movement_kind(
        membership.counted,
        after,
        was_patron_before=bool(run(session, _MOVED_BEFORE, {"reader": membership.reader_id}).scalar()),
        payment_failed=payment_failed,
        paused=membership.paused,
        ended=ended,
        rested=bool(moved) and moved[-1] == "paused",
        switched=switched,
    )
    if kind is None:
        return
    moments = {"new": counted_from, "returned": counted_from, "left": membership.ended_at, "lost": membership.ended_at}
    session.add(
        Movement(
            membership_id=membership.id,
            sequence=len(moved) + 1,
            reader_id=membership.reader_id,
            tier_id=membership.tier_id,
            kind=kind,
            currency=membership.currency,
            yearly=after - membership.counted,
            at=moments.get(kind) or at,
        )
    )
    membership.counted = after
    _wake(session, membership, at=at)
    if kind in ("left", "lost"):
        _say_ended(session, membership, lost=kind == "lost", at=at)


def _movements(session: Session, membership: Membership) -> Sequence[str]:
    """The kinds of a membership's movements so far, the first one first."""
    return run(session, _MOVED, {"membership": membership.id}).scalars()


def _say_ended(session: Session, membership: Membership, *, lost: bool, at: datetime) -> None:
    if membership.seats is not None:
        groups.say_over(session, membership, at=at)
    person = session.get(Person, membership.reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        key = f"ended:{membership.subscription_id}"
        values: dict[str, Any] = {"lost": lost, "ended_at": membership.ended_at or at, "seats": membership.seats}
        write(session, "membership_ended", to, key=key, at=at, **values)


def tell_already_patron(session: Session, email: str, *, group: bool = False, at: datetime) -> None:
    """Somebody began a second membership (or `group`) with an address that has one: tell its reader, at most once a day,
    what fits instead."""
    person = person_by_email(session, email)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        letter, key = ("already_group", "already-group") if group else ("already_patron", "already")
        write(session, letter, to, key=f"{key}:{person.reader_id}:{at:%Y-%m-%d}", at=at)


def tell_pledged_twice(session: Session, reader_id: int, subscriptions: Sequence[str], *, at: datetime) -> None:
    """More than one membership of a reader is running: they hear of it, once for the same ones."""
    person = session.get(Person, reader_id)
    if person is None:
        return
    mine = select(Membership, Tier).join(Tier, Tier.id == Membership.tier_id)
    rows = session.execute(mine.where(Membership.subscription_id.in_(subscriptions)).order_by(Membership.id)).all()
    lines = [(tier, Money(row.amount, row.currency), row) for row, tier in rows]
    to = Recipient(person.email, person.name, person.language, person.reader_id)
    write(session, "pledged_twice", to, key=f"twice:{':'.join(sorted(subscriptions))}", at=at, lines=lines)

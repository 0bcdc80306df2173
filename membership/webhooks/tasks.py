"""Taking in what Stripe told: fetch the object as it now is, then write everything in one transaction under its lease."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading
from membership.dunning.actions import announce, end_unpaid, follow_failures, note_card
from membership.dunning.tasks import fetch_owed, put_card_on
from membership.gateway import client as gateway
from membership.gateway import collecting
from membership.gateway.looking import TASK, look_again
from membership.gateway.readings import DisputeReading, PaymentReading, RefundReading
from membership.giving.actions import note_checkout, note_failed, receive_donation
from membership.giving.corrections import keep_corrections
from membership.giving.queries import disputes_of, payment_by_intent, refunds_of
from membership.jobs.queue import Claimed, Park, finishing
from membership.jobs.worker import Task
from membership.memberships.actions import NotOurs, hold_membership, reckon_standing, take_in
from membership.memberships.tasks import fetch_subscription
from membership.webhooks.models import StripeEvent

TELL_OF_FAILURE = frozenset({"invoice.payment_failed", "invoice.payment_action_required"})
RETURNED = "checkout.session.async_payment_failed"
REFUSED = frozenset({"requires_payment_method", "canceled"})
"""A payment intent's statuses after the bank said no."""


@dataclass(frozen=True)
class Waiting:
    """An event of the inbox that is not taken in yet."""

    id: str
    type: str


def take_in_root(job: Claimed) -> None:
    """Take in everything that is known to have happened to one object. Several events about it cost one fetch."""
    root = job.payload["root"]
    with reading() as session:
        waiting = select(StripeEvent.id, StripeEvent.type).where(
            StripeEvent.root_id == root, StripeEvent.state == "new"
        )
        events = [Waiting(row.id, row.type) for row in session.execute(waiting)]
    try:
        _fetch_and_write(job, root, events)
    except gateway.StripeGone as error:
        raise Park(f"Stripe does not know {root}: {error}") from error


def _fetch_and_write(job: Claimed, root: str, events: list[Waiting]) -> None:
    kind = root.partition("_")[0]
    if kind == "sub":
        _subscription(job, root, events)
    elif kind == "pi":
        _payment(job, root, events)
    elif kind == "cs":
        _checkout(job, root, events)
    else:
        with finishing(job) as session:
            _mark(session, events, "ignored")


def _subscription(job: Claimed, root: str, events: list[Waiting]) -> None:
    fetched = fetch_subscription(root)
    types = {event.type for event in events}
    owed = fetch_owed(fetched.subscription, told=bool(types & TELL_OF_FAILURE))
    card = collecting.card_of(root) if "invoice.upcoming" in types else None
    with finishing(job) as session:
        state, at = "applied", clock.now()
        try:
            membership = take_in(session, fetched.subscription, fetched.paid, at=at)
            follow_failures(session, membership, owed, at=at)
            if RETURNED in types:
                note_failed(session, fetched.subscription.token, at=at, told=True)
                end_unpaid(session, membership, at=at)
            if "invoice.upcoming" in types:
                announce(session, membership, card, at=at)
        except NotOurs:
            state = "ignored"
        _mark(session, events, state)


def _payment(job: Claimed, root: str, events: list[Waiting]) -> None:
    """A payment by itself: a donation, or what became of any payment (refunds, disputes).

    What an invoice collected is booked under its subscription, or income would be booked twice.
    """
    paid = gateway.payment(root)
    refunds, disputes = _corrections(root, paid, events)
    with finishing(job) as session:
        at = clock.now()
        if paid.status in REFUSED:
            note_failed(session, paid.token, at=at)
        payment = receive_donation(session, paid, at=at) or payment_by_intent(session, root)
        if payment is not None and (refunds or disputes):
            membership = hold_membership(session, payment)
            keep_corrections(session, payment, refunds, disputes, at=at)
            if membership is not None:
                reckon_standing(session, membership, at=at)
        _mark(session, events, "applied" if payment else "ignored")


def _corrections(
    root: str, paid: PaymentReading, events: list[Waiting]
) -> tuple[list[RefundReading], list[DisputeReading]]:
    """Refunds and disputes, asked for only when something points to one: a failed refund leaves no trace on the charge."""
    told = any(event.type.startswith(("refund.", "charge.refund", "charge.dispute")) for event in events)
    corrected = paid.settlement is not None and paid.settlement.corrected
    with reading() as session:
        payment = payment_by_intent(session, root)
        known = payment is not None and bool(refunds_of(session, payment.id) or disputes_of(session, payment.id))
    if not (told or corrected or known):
        return [], []
    return gateway.refunds(root), gateway.disputes(root)


def _checkout(job: Claimed, root: str, events: list[Waiting]) -> None:
    """A session that is not about a subscription or payment yet, or that a waiting reader asked us to look at."""
    reading_ = gateway.checkout(root)
    new_card = put_card_on(reading_) if reading_.mode == "setup" else None
    with finishing(job) as session:
        if new_card is not None:
            note_card(session, new_card.change_id, new_card.card, put_on=new_card.put_on, at=clock.now())
        note_checkout(session, reading_)
        about = reading_.subscription_id or reading_.payment_intent_id
        if about:
            look_again(session, about, at=clock.now())
        _mark(session, events, "applied")


def _mark(session: Session, events: list[Waiting], state: str) -> None:
    if events:
        rows = update(StripeEvent).where(StripeEvent.id.in_([event.id for event in events]))
        session.execute(rows.values(state=state, applied_at=clock.now()))


TASKS: dict[str, Task] = {TASK: take_in_root}

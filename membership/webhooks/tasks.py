"""Taking in what Stripe told: fetch the object as it now is, then write everything in one transaction under its lease."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session, aliased

from membership import clock
from membership.db import asking, reading, run
from membership.dunning.actions import announce, end_unpaid, follow_failures, note_card
from membership.dunning.tasks import fetch_owed, put_card_on
from membership.gateway import client as gateway
from membership.gateway import collecting, listing
from membership.gateway.declining import tries_of
from membership.gateway.looking import TASK
from membership.gateway.readings import DisputeReading, PaymentReading, RefundReading
from membership.giving.actions import forget_customer, note_checkout, note_failed, note_waiting, receive_donation
from membership.giving.corrections import keep_corrections
from membership.giving.outcomes import note_paid, note_tries
from membership.giving.payouts import keep_payout
from membership.giving.queries import booked_by, payment_by_intent
from membership.jobs.queue import Claimed, Park, ending, finishing
from membership.jobs.worker import Task
from membership.memberships import gifts
from membership.memberships.actions import NotOurs, hold_membership, reckon_standing, take_in
from membership.memberships.queries import tier_by_product
from membership.memberships.tasks import fetch_subscription
from membership.webhooks.actions import hear_again, move
from membership.webhooks.bodies import empty, follow_erasure, is_of_the_erased
from membership.webhooks.drift import find, is_on_list, settle, settle_root
from membership.webhooks.listeners import NOTE, answer_to
from membership.webhooks.models import ErasedRoot, StripeEvent
from membership.webhooks.rules import THIN, kind_of, root_of, said_of

log = logging.getLogger(__name__)

TELL_OF_FAILURE = frozenset({"invoice.payment_failed", "invoice.payment_action_required"})
RETURNED = "checkout.session.async_payment_failed"
BEGINS = frozenset({"customer.subscription.created", "checkout.session.completed"})
REFUSED = frozenset({"requires_payment_method", "canceled"})
"""A payment intent's statuses after the bank said no."""
DECLINED = frozenset({"payment_intent.payment_failed", "charge.failed"})


@dataclass(frozen=True)
class Waiting:
    """An event of the inbox that is not taken in yet. `said`: what it tells staff, where it is to be a note. `erased`: it is
    about somebody who was erased."""

    id: str
    type: str
    object_id: str
    said: str = ""
    erased: bool = False


_ERASED = exists().where(ErasedRoot.root_id == StripeEvent.root_id).correlate(StripeEvent).label("erased")
_WAITING = select(StripeEvent.id, StripeEvent.type, StripeEvent.object_id, _ERASED).where(
    StripeEvent.root_id == bindparam("root"), StripeEvent.state == "new"
)
_DONE_WITH = (
    update(StripeEvent)
    .where(StripeEvent.id == bindparam("event"))
    .values(state=bindparam("as_state"), applied_at=bindparam("at"))
)


def take_in_root(job: Claimed) -> None:
    """Take in everything that is known to have happened to one object. Several events about it cost one fetch."""
    root = job.payload["root"]
    with asking() as books:  # at hand for every question until the object is taken in
        rows = run(books, _WAITING, {"root": root})
        events = [Waiting(row.id, row.type, row.object_id, erased=bool(row.erased)) for row in rows]
        try:
            take_in_kind = ROOTS.get(kind_of(root))
            if take_in_kind is None:
                _find_root(job, root, events)
            else:
                take_in_kind(job, root, _with_notes(events))
            if events:
                log.info("taken in: %s", ", ".join(f"{one.type} {one.id}" for one in events))
        except gateway.StripeGone as error:
            raise Park(f"Stripe does not know {root}: {error}") from error


def _with_notes(events: list[Waiting]) -> list[Waiting]:
    """What is to be a note says why; a thin event does not, but the object that it names does."""
    return [replace(one, said=_said(one.id)) if answer_to(one.type) is NOTE else one for one in events]


def _said(event_id: str) -> str:
    told = _raw(event_id)
    if not told:
        return ""  # its body was emptied meanwhile
    if told["object"] != THIN:
        return said_of(told["data"]["object"])
    related = told.get("related_object")
    return said_of(listing.related(related["url"])) if related else ""


def _raw(event_id: str) -> dict[str, Any]:
    with reading() as session:
        raw = session.execute(select(StripeEvent.raw).where(StripeEvent.id == event_id)).scalar_one()
    return dict(json.loads(raw)) if raw else {}


def _find_root(job: Claimed, root: str, events: list[Waiting]) -> None:
    """An object that is taken in under another one, which its thin events do not name: they are moved there. If there is
    no other one, no book of ours holds it: at most a note for staff."""
    told, found = _told_in_full(events)
    found = found or next((behind for behind in map(_root_behind, events) if behind), None)
    if found is None or found == root:
        events = _with_notes(events)
    with finishing(job) as session:
        left = [event for event in events if event.id not in told]
        _mark(session, [event for event in events if event.id in told], "applied")
        if found is not None and found != root:
            return move(session, [event.id for event in left], found, at=clock.now())
        for event in left:
            _mark(session, [event], "applied" if answer_to(event.type) is NOTE else "ignored")


def _told_in_full(events: list[Waiting]) -> tuple[set[str], str | None]:
    """Those events whose change was taken in by its snapshot meanwhile; and the root that a snapshot names, if one came."""
    full = aliased(StripeEvent)
    rows = (
        select(StripeEvent.id, full.root_id, full.state)
        .join(full, full.id == StripeEvent.snapshot_id)
        .where(StripeEvent.id.in_([event.id for event in events]))
    )
    with reading() as session:
        found = session.execute(rows).all()
    return {row.id for row in found if row.state == "applied"}, next((row.root_id for row in found), None)


def _root_behind(event: Waiting) -> str | None:
    """Ask Stripe for the object that a thin event names, and read off it what it belongs to; None for a snapshot."""
    told = _raw(event.id)
    if not told or told["object"] != THIN:
        return None
    related = told.get("related_object")
    if related:
        return root_of(listing.related(related["url"]))
    about = listing.thin_event(event.id).get("data")  # an upcoming invoice has no id yet
    return (about.get("subscription") or None) if isinstance(about, dict) else None


def _subscription(job: Claimed, root: str, events: list[Waiting]) -> None:
    fetched = fetch_subscription(root)
    types = {event.type for event in events}
    owed = fetch_owed(fetched.subscription, told=bool(types & TELL_OF_FAILURE))
    card = collecting.card_of(root) if "invoice.upcoming" in types else None
    with finishing(job) as session:
        at = clock.now()
        try:
            membership = take_in(session, fetched.subscription, fetched.paid, at=at)
            follow_failures(session, membership, owed, at=at)
            if RETURNED in types:
                note_failed(session, fetched.subscription.token, at=at, told=True)
                end_unpaid(session, membership, at=at)
            if "invoice.upcoming" in types:
                announce(session, membership, card, at=at)
        except NotOurs:
            return _mark(session, events, "ignored")
        hear_again(session, [one.payment.id for one in fetched.paid if one.payment], at=at)
        for one in fetched.paid:
            note_paid(session, fetched.subscription.token, one.payment.settlement if one.payment else None, at=at)
        settle_root(session, root, at=at)
        _mark(session, events, "applied")
        if types & BEGINS:
            sub = fetched.subscription
            follow_erasure(session, membership.reader_id, [root, sub.customer_id], at=at)


def _payment(job: Claimed, root: str, events: list[Waiting]) -> None:
    """A payment by itself: a donation, a gift, or what became of any payment (refunds, disputes).

    What an invoice collected is booked under its subscription, or income would be booked twice.
    """
    paid = gateway.payment(root)
    with asking() as books:
        known = booked_by(books, root)
        drifts = is_on_list(books, root)
    refunds, disputes = _corrections(root, paid, events, corrected=known is not None and known.corrected)
    tries = tries_of(root) if any(event.type in DECLINED for event in events) else []
    noted = any(answer_to(event.type) is NOTE for event in events)
    if known and not (paid.token or refunds or disputes or tries or drifts or noted or any(one.erased for one in events)):
        return _end_as_booked(job, events)  # nearly always: a renewal's payment, taken in with its invoice
    with finishing(job) as session:
        at = clock.now()
        if paid.status in REFUSED:
            note_failed(session, paid.token, at=at, told=any(event.type == RETURNED for event in events))
        elif paid.status == "processing":
            note_waiting(session, paid.token)
        payment = (
            receive_donation(session, paid, at=at)
            or gifts.receive_gift(session, paid, at=at)
            or payment_by_intent(session, root)
        )
        if payment is not None and (refunds or disputes):
            membership = hold_membership(session, payment)
            keep_corrections(session, payment, refunds, disputes, at=at)
            if membership is not None:
                reckon_standing(session, membership, at=at)
            gifts.follow_money(session, payment, at=at)
        if payment is not None:
            settle_root(session, root, at=at)
        note_tries(session, paid.token, tries, at=at)
        note_paid(session, paid.token, paid.settlement, at=at)
        _mark(session, events, "applied" if payment else "ignored")
        if payment is not None and known is None:
            follow_erasure(session, payment.reader_id, [root, paid.customer_id, payment.charge_id], at=at)


def _end_as_booked(job: Claimed, events: list[Waiting]) -> None:
    at = clock.now()
    with ending(job) as books:
        if events:
            run(books, _DONE_WITH, [{"event": event.id, "as_state": "applied", "at": at} for event in events])


def _corrections(
    root: str, paid: PaymentReading, events: list[Waiting], *, corrected: bool
) -> tuple[list[RefundReading], list[DisputeReading]]:
    """Refunds and disputes, asked for only when something points to one (`corrected`: our books hold one already): a failed
    refund leaves no trace on the charge."""
    told = any(event.type.startswith(("refund.", "charge.refund", "charge.dispute")) for event in events)
    if not (told or corrected or (paid.settlement is not None and paid.settlement.corrected)):
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
            return move(session, [event.id for event in events], about, at=clock.now())
        _mark(session, events, "applied")


def _customer(job: Claimed, root: str, events: list[Waiting]) -> None:
    """A payer who was deleted at Stripe is unlinked, so that the next checkout begins with a new one."""
    there = gateway.customer_exists(root)
    with finishing(job) as session:
        known = not there and forget_customer(session, root)
        _mark(session, events, "applied" if known else "ignored")


def _product(job: Claimed, root: str, events: list[Waiting]) -> None:
    """What a tier stands for at Stripe. Archived there, nobody can join it any more: a person must know."""
    offered = gateway.product_is_offered(root)
    with finishing(job) as session:
        tier, at = tier_by_product(session, root), clock.now()
        if tier is None:
            return _mark(session, events, "ignored")
        if offered or tier.archived_at is not None:
            settle(session, "product_archived", root, at=at)
        else:
            find(session, "product_archived", root, ours=f"on offer: {tier.name}", theirs="archived", at=at)
        _mark(session, events, "applied")


def _payout(job: Claimed, root: str, events: list[Waiting]) -> None:
    """Money on its way to our bank, and which bookings it carries."""
    payout, carried = listing.payout(root), listing.carried_by(root)
    with finishing(job) as session:
        keep_payout(session, payout, carried)
        settle_root(session, root, at=clock.now())
        _mark(session, events, "applied")


def _mark(session: Session, events: list[Waiting], state: str) -> None:
    """The events are done with; those that staff should know of become notes, unless they are not about us."""
    if not events:
        return
    at = clock.now()
    run(session, _DONE_WITH, [{"event": event.id, "as_state": state, "at": at} for event in events])
    for event in events:
        if event.erased or (state == "ignored" and is_of_the_erased(session, event.id)):
            empty(session, StripeEvent.id == event.id)
        if state == "applied" and answer_to(event.type) is NOTE:
            find(session, event.type, event.object_id or event.id, ours="", theirs=event.said, at=at)


ROOTS: dict[str, Callable[[Claimed, str, list[Waiting]], None]] = {
    "sub": _subscription,
    "pi": _payment,
    "cs": _checkout,
    "cus": _customer,
    "po": _payout,
    "prod": _product,
    "membership": _product,  # products of ours carry our own ids (`membership_tier_7`)
}
"""What is fetched and written for each kind of root, by the beginning of its id."""

TASKS: dict[str, Task] = {TASK: take_in_root}

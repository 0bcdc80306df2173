"""What is done outside a request: fetching a subscription as it now is, and making the tiers known to Stripe."""

from __future__ import annotations

from dataclasses import dataclass

from membership import clock
from membership.db import asking, reading, transaction
from membership.gateway import client as gateway
from membership.gateway.looking import look_again
from membership.gateway.readings import SubscriptionReading
from membership.giving.actions import note_checkout
from membership.jobs.queue import Claimed, finishing, post
from membership.jobs.worker import Task
from membership.memberships import gifts, given, groups, other_pages
from membership.memberships.actions import PaidInvoice
from membership.memberships.queries import paid_invoices, tiers_not_at_stripe
from membership.memberships.tiers import Tier


@dataclass(frozen=True)
class Fetched:
    """A subscription and those of its paid invoices that are not in our books yet."""

    subscription: SubscriptionReading
    paid: tuple[PaidInvoice, ...]


def fetch_subscription(subscription_id: str) -> Fetched:
    """Ask Stripe for the whole truth about a subscription. No transaction may be open; the lease must be held."""
    with asking() as books:
        known = paid_invoices(books, subscription_id)
    subscription = gateway.subscription(subscription_id)
    paid = []
    for invoice in gateway.paid_invoices(subscription_id, known):
        intent = invoice.payment_intent_id
        paid.append(PaidInvoice(invoice, gateway.payment(intent) if intent else None))
    return Fetched(subscription, tuple(paid))


def product_id(tier: Tier) -> str:
    """The id of a tier's product at Stripe: ours, so that making it twice makes it once."""
    return f"membership_tier_{tier.id}"


def sync_tiers() -> int:
    """Make every tier known to Stripe; returns how many were new."""
    with reading() as session:
        missing = tiers_not_at_stripe(session)
    for tier in missing:
        made = gateway.ensure_product(product_id(tier), tier.name)
        with transaction() as session:
            session.get_one(Tier, tier.id).stripe_product_id = made
    return len(missing)


def product_of(tier_id: int) -> str:
    """A tier's product at Stripe; made now if the worker has not told Stripe of a new tier yet."""
    with reading() as session:
        known = session.get_one(Tier, tier_id).stripe_product_id
    if known is None:
        sync_tiers()
        with reading() as session:
            known = session.get_one(Tier, tier_id).stripe_product_id
    assert known is not None
    return known


def sync(job: Claimed) -> None:
    """The same as a job, posted when tiers are made or changed."""
    sync_tiers()
    with finishing(job):
        pass


def name_tier(job: Claimed) -> None:
    """A tier got a new name: Stripe's pages and mails show its product's."""
    with reading() as session:
        tier = session.get(Tier, job.payload["tier"])
    if tier is not None and tier.stripe_product_id:
        gateway.name_product(tier.stripe_product_id, tier.name)
    with finishing(job):
        pass


def follow_given(job: Claimed) -> None:
    """A given membership changed, comes to its end or has: what is due about it."""
    with finishing(job) as session:
        given.follow(session, job.payload["given"], at=clock.now())


def follow_gift(job: Claimed) -> None:
    """A gift that was bought: its letter, or a reminder, is due."""
    with finishing(job) as session:
        gifts.follow(session, job.payload["gift"], at=clock.now())


def follow_seats(job: Claimed) -> None:
    """A group's invitations that nobody has answered: a reminder is due, or their end."""
    with finishing(job) as session:
        groups.follow(session, job.payload["group"], at=clock.now())


def turn(job: Claimed) -> None:
    """A gift waits for its reader's other standing to end: perhaps it has."""
    with finishing(job) as session:
        given.take_turn(session, job.payload["reader"], at=clock.now())


def close_pages(job: Claimed) -> None:
    """Have Stripe close the hosted pages beside the one that counts. One that was paid or closed a moment ago is looked
    at instead; one that is being opened at this moment is left for a minute later."""
    with reading() as session:
        pages = other_pages.pages_to_close(session, job.payload, at=clock.now())
    closed, over = [], []
    for session_id in filter(None, (page.session_id for page in pages)):
        try:
            closed.append(gateway.expire_checkout(session_id))
        except (gateway.StripeRefuses, gateway.StripeGone):
            over.append(session_id)
    with finishing(job) as session:
        at = clock.now()
        for session_id in over:
            look_again(session, session_id, at=at)
        if any(page.session_id is None and page.begun_at > at - 2 * other_pages.OPENING for page in pages):
            post(session, job.name, job.key, job.payload, due_at=at + other_pages.OPENING)
        for one in closed:
            note_checkout(session, one)


TASKS: dict[str, Task] = {
    "memberships.name_tier": name_tier,
    "memberships.sync_tiers": sync,
    gifts.FOLLOW: follow_gift,
    groups.FOLLOW: follow_seats,
    given.FOLLOW: follow_given,
    given.TURN: turn,
    other_pages.CLOSE: close_pages,
}

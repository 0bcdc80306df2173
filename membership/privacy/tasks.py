"""What the worker does to erase somebody: network first, then one transaction; while Stripe is away it comes again."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import select

from membership import clock
from membership.account.actions import follow_cancellation
from membership.db import reading, transaction
from membership.gateway import client as gateway
from membership.gateway.payers import delete_payer
from membership.giving.models import Checkout, StripeCustomer
from membership.giving.personal import CHECKOUTS
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task
from membership.memberships.models import Membership
from membership.privacy import actions
from membership.privacy.queries import whose


class StillRuns(Exception):
    """Stripe would not end this subscription; nobody is erased who is still charged."""


def erase(job: Claimed) -> None:
    """End what runs, then forget the person."""
    reader_id = job.payload["reader"]
    end_what_runs(reader_id)
    with finishing(job) as session:
        actions.erase(session, reader_id, at=clock.now())


def end_what_runs(reader_id: int) -> None:
    """At Stripe nothing can be paid any more and no subscription runs; our books follow. Raises `StripeUnreachable`."""
    with reading() as session:
        person = whose(session, reader_id, at=clock.now())
        pages = select(Checkout.session_id).where(CHECKOUTS(person), Checkout.state == "open")
        open_pages = [one for one in session.execute(pages).scalars() if one]
        mine = select(Membership.subscription_id).where(Membership.reader_id == reader_id, Membership.ended_at.is_(None))
        running = list(session.execute(mine.order_by(Membership.id)).scalars())
    for page in open_pages:
        with suppress(gateway.StripeRefuses, gateway.StripeGone):  # paid or closed already
            gateway.expire_checkout(page)
    for subscription in running:
        try:
            answered = gateway.end_subscription(subscription)
        except (gateway.StripeGone, gateway.StripeRefuses):  # ended already, so it seems: how it stands is asked
            try:
                answered = gateway.subscription(subscription)
            except gateway.StripeGone:
                continue
        if answered.ended_at is None:
            raise StillRuns(subscription)
        with transaction() as session:
            follow_cancellation(session, answered, at=clock.now())


def take_payers_away(job: Claimed) -> None:
    """Take the erased reader's payers away at Stripe."""
    reader_id = job.payload["reader"]
    with reading() as session:
        mine = select(StripeCustomer.customer_id).where(StripeCustomer.reader_id == reader_id)
        customers = list(session.execute(mine.order_by(StripeCustomer.customer_id)).scalars())
    for customer in customers:
        delete_payer(customer)
    with finishing(job) as session:
        actions.payers_gone(session, reader_id, at=clock.now())


TASKS: dict[str, Task] = {actions.ERASE: erase, actions.PAYERS: take_payers_away}

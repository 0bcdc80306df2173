"""One person, one payer at Stripe: of several that arose (two devices at once, a merge) one goes on, the others rest.

Stripe can neither merge customers nor hand a subscription from one to another, so none is taken away: refunds and old
invoices stay where they are. A payer who rests is offered no checkout any more and holds no running subscription.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once, run
from membership.giving.models import StripeCustomer
from membership.jobs.queue import post

ONE_PAYER = "giving.one_payer"
"""The job: asking Stripe what a reader's payers hold, and noting which one goes on."""

_COUNT = select(func.count()).where(StripeCustomer.reader_id == bindparam("reader"))


def note_payer(session: Session, customer_id: str, reader_id: int, *, at: datetime) -> None:
    """A reader pays as this customer. If they did as another one before, that is looked at."""
    if insert_once(session, StripeCustomer, customer_id=customer_id, reader_id=reader_id):
        look_at_payers(session, reader_id, at=at)


def look_at_payers(session: Session, reader_id: int, *, at: datetime) -> None:
    """What a reader's payers hold has changed: with more than one, it is seen anew which one goes on."""
    if run(session, _COUNT, {"reader": reader_id}).scalar() > 1:
        post(session, ONE_PAYER, f"payers:{reader_id}", {"reader": reader_id}, due_at=at)


def look_at_all_payers(session: Session, *, at: datetime) -> None:
    """Readers with more than one payer that does not rest are looked at."""
    awake = select(StripeCustomer.reader_id).where(StripeCustomer.rests_since.is_(None))
    several = awake.group_by(StripeCustomer.reader_id).having(func.count() > 1).order_by(StripeCustomer.reader_id)
    for reader_id in session.execute(several).scalars().all():
        look_at_payers(session, reader_id, at=at)


def settle_payers(session: Session, reader_id: int, resting: Collection[str], *, at: datetime) -> None:
    """These of a reader's payers rest from now on, all others do not."""
    mine = StripeCustomer.reader_id == reader_id
    rest = (mine, StripeCustomer.customer_id.in_(resting), StripeCustomer.rests_since.is_(None))
    session.execute(update(StripeCustomer).where(*rest).values(rests_since=at))
    awake = (mine, StripeCustomer.customer_id.not_in(resting))
    session.execute(update(StripeCustomer).where(*awake).values(rests_since=None))

"""Adopting subscriptions that another system began at Stripe: they are taken into our books as they are, and not touched.

Only the membership and its payer are written here. What was paid is taken in under the subscription's own lease, by the
same job that hears of its renewals: so the history comes once, and the next renewal is one like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from membership.db import insert_each_once
from membership.gateway.looking import looking
from membership.giving.models import StripeCustomer
from membership.jobs.queue import post_each
from membership.memberships.models import Membership
from membership.money import Money


@dataclass(frozen=True)
class Adoption:
    """A live subscription, whose it is, which tier it counts as, and since when the pledge runs if longer than itself."""

    subscription_id: str
    customer_id: str
    reader_id: int
    tier_id: int
    price: Money
    interval: str
    started_at: datetime
    pledged_since: datetime | None


def adopt_each(session: Session, adoptions: Sequence[Adoption], *, at: datetime) -> None:
    """Each once. Until its job has fetched it, a membership is not begun: it gives no standing and counts nothing."""
    if not adoptions:
        return
    payers = [{"customer_id": one.customer_id, "reader_id": one.reader_id} for one in adoptions]
    insert_each_once(session, StripeCustomer, payers)
    rows = [
        {"subscription_id": one.subscription_id, "reader_id": one.reader_id, "tier_id": one.tier_id, "status": "incomplete",
         "currency": one.price.currency, "amount": one.price.minor, "interval": one.interval, "counted": 0,
         "started_at": one.started_at, "pledged_since": one.pledged_since, "adopted_at": at, "frozen": False,
         "paused": False}
        for one in adoptions
    ]  # fmt: skip
    insert_each_once(session, Membership, rows)
    post_each(session, [looking(one.subscription_id, at=at) for one in adoptions])

"""Verbs of a reader about themselves: following what Stripe answered to a cancellation, and preferences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from membership.account.models import LeavingReason
from membership.account.rules import LEAVING, written_name
from membership.db import insert_once
from membership.gateway.looking import look_again
from membership.gateway.readings import SubscriptionReading
from membership.mail.writing import Recipient, write
from membership.memberships.actions import keep_in_step
from membership.memberships.models import Membership
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.readers.models import Person
from membership.readers.wishes import wish


def follow_cancellation(
    session: Session, answered: SubscriptionReading, *, taken_back: bool = False, at: datetime
) -> Membership:
    """Write what Stripe answered to a cancellation or to taking one back, and the letter that says when it ends, or that
    it goes on.

    The answer is the newest truth at its moment, but it was not fetched under the subscription's lease; the job that is
    posted with it fetches once more and puts right what a race made stale. It is posted first, so that this locks job
    and membership in the same order as the worker does.
    """
    look_again(session, answered.id, at=at)
    membership = keep_in_step(session, answered, at=at)
    if membership.ends_at is not None and membership.ended_at is None:
        _confirm(session, membership, membership.ends_at, at=at)
    elif taken_back and membership.ended_at is None:
        _say_it_goes_on(session, membership, at=at)
    return membership


def follow_change(session: Session, answered: SubscriptionReading, *, key: str, at: datetime) -> Membership:
    """Write what Stripe answered to a change or a pause, and the letter that says what holds from when.

    `key`: what makes it one change. The order of the locks is that of `follow_cancellation`.
    """
    look_again(session, answered.id, at=at)
    membership = keep_in_step(session, answered, at=at)
    person = session.get(Person, membership.reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        later = session.get(Tier, membership.next_tier_id) if membership.next_tier_id else None
        values: dict[str, Any] = {
            "tier": session.get_one(Tier, membership.tier_id),
            "amount": Money(membership.amount, membership.currency),
            "next_tier": later,
            "next_amount": Money(membership.next_amount, membership.currency) if membership.next_amount else None,
        }
        write(session, "membership_changed", to, key=f"changed:{key}", at=at, membership=membership, **values)
    return membership


def keep_reason(session: Session, membership: Membership, *, reason: str | None, words: str, at: datetime) -> None:
    """Why somebody leaves, if they said so. Said again, the latest stands; nothing said leaves what was said before."""
    if reason not in LEAVING and not words.strip():
        return
    values = {"reason": reason if reason in LEAVING else "other", "words": words.strip()[:1000], "at": at}
    if not insert_once(session, LeavingReason, membership_id=membership.id, **values):
        mine = LeavingReason.membership_id == membership.id
        session.execute(update(LeavingReason).where(mine).values(**values))


def _confirm(session: Session, membership: Membership, ends_at: datetime, *, at: datetime) -> None:
    person = session.get(Person, membership.reader_id)
    if person is None:
        return
    to = Recipient(person.email, person.name, person.language, person.reader_id)
    key = f"cancellation:{membership.subscription_id}:{ends_at:%Y-%m-%d}"
    tier = session.get_one(Tier, membership.tier_id)
    write(session, "membership_ends", to, key=key, at=at, ends_at=ends_at, tier=tier, seats=membership.seats)


def _say_it_goes_on(session: Session, membership: Membership, *, at: datetime) -> None:
    person = session.get(Person, membership.reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        key = f"goes-on:{membership.subscription_id}:{at:%Y-%m-%dT%H:%M}"
        tier, amount = session.get_one(Tier, membership.tier_id), Money(membership.amount, membership.currency)
        write(session, "membership_goes_on", to, key=key, at=at, membership=membership, tier=tier, amount=amount)


def prefer(
    session: Session, reader_id: int, *, name: str, language: str, letters: Mapping[str, bool], at: datetime
) -> None:
    """How a reader wants to be called, in which language, and which letters are welcome. Raises `NotAName`."""
    for sort, wanted in letters.items():
        wish(session, reader_id, sort, wanted=wanted, place="/account/preferences", at=at)
    values = {"name": written_name(name), "language": language}
    session.execute(update(Person).where(Person.reader_id == reader_id).values(**values))

"""One person, one pledge, also for two tabs: of several hosted pages that one reader has open, one is left.

A second page in the same browser, or of the same signed-in reader, closes those before it. A membership that begins closes
every other page of its reader, on whatever device. By an address alone nothing is closed before somebody has paid under it:
otherwise anybody could close a stranger's page by typing their address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from membership.giving.guard_models import CheckoutOrigin
from membership.giving.guarding import person_key
from membership.giving.models import Checkout
from membership.giving.outcomes import OPEN_FOR
from membership.jobs.queue import post
from membership.memberships.models import Membership, MembershipCheckout
from membership.memberships.queries import checkout_choice, is_pledged_twice, membership_by_subscription
from membership.readers.models import Person

CLOSE, TWICE = "memberships.close_pages", "webhooks.pledged_twice"
"""The jobs: closing pages at Stripe, and (a room above) looking at readers with two memberships."""
OPENING = timedelta(minutes=1)
"""A page that is just being opened is looked at again after so long."""


def close_earlier(session: Session, checkout: Checkout, *, at: datetime) -> None:
    """A membership's page is being opened: those that this browser or reader opened before are closed."""
    if session.execute(_before(session, checkout, at).limit(1)).first() is not None:
        post(session, CLOSE, f"pages-before:{checkout.id}", {"opened": checkout.id}, due_at=at)


def close_others(session: Session, membership: Membership, *, at: datetime) -> None:
    """A membership began: every other page of its reader is closed; and if two run already, that is looked at."""
    if session.execute(_beside(session, membership, at).limit(1)).first() is not None:
        about = {"subscription": membership.subscription_id}
        post(session, CLOSE, f"pages-beside:{membership.subscription_id}", about, due_at=at)
    if is_pledged_twice(session, membership.reader_id):
        post(session, TWICE, TWICE, due_at=at)


def pages_to_close(session: Session, about: dict[str, Any], *, at: datetime) -> Sequence[Checkout]:
    """Those that a job's payload is about, as they stand now."""
    if "opened" in about:
        wanted = _before(session, session.get_one(Checkout, about["opened"]), at)
    else:
        membership = membership_by_subscription(session, about["subscription"])
        assert membership is not None
        wanted = _beside(session, membership, at)
    return session.execute(wanted).scalars().all()


def _before(session: Session, checkout: Checkout, at: datetime) -> Select[Checkout]:
    """Pages of the same browser or reader, for the same kind of pledge, that were opened before this one."""
    mine = [select(Checkout.id).where(Checkout.browser_hash == checkout.browser_hash)]
    if checkout.reader_id is not None:
        mine.append(select(Checkout.id).where(Checkout.reader_id == checkout.reader_id))
    choice = checkout_choice(session, checkout.id)
    for_group = choice is not None and choice.seats is not None
    return _open(at, mine, for_group=for_group).where(Checkout.id < checkout.id)


def _beside(session: Session, membership: Membership, at: datetime) -> Select[Checkout]:
    """Pages of a membership's reader, signed in or by their address, for the same kind of pledge."""
    mine: list[Select[int]] = [select(Checkout.id).where(Checkout.reader_id == membership.reader_id)]
    person = session.get(Person, membership.reader_id)
    if person is not None:
        by_address = CheckoutOrigin.person == person_key(person.email)
        mine.append(select(CheckoutOrigin.checkout_id).where(by_address))
    pages = _open(at, mine, for_group=membership.seats is not None)
    return pages.where(Checkout.id != (membership.checkout_id or 0))


def _open(at: datetime, mine: Sequence[Select[int]], *, for_group: bool) -> Select[Checkout]:
    """Of these checkouts the ones that may still be paid."""
    kind = MembershipCheckout.seats.is_not(None) if for_group else MembershipCheckout.seats.is_(None)
    still = (Checkout.state.in_(("begun", "open")), Checkout.begun_at > at - OPEN_FOR)
    statement = select(Checkout).join(MembershipCheckout, MembershipCheckout.checkout_id == Checkout.id)
    return statement.where(Checkout.id.in_(union(*mine)), kind, *still)

"""Nobody learns from a form who is a patron: whom a letter must reach before a payment (docs/decisions/0016)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from membership.db import reading
from membership.giving import paying
from membership.giving.guard_queries import figures, has_paid_here
from membership.giving.guarding import Unconfirmed, person_key
from membership.memberships.actions import tell_already_patron
from membership.readers.queries import person_by_email
from membership.web.browser import browser_hash

Held = Callable[[Session, int], object]
"""What a reader has of the kind that is asked for: their running membership, or group."""


def holds(session: Session, email: str, held: Held) -> bool:
    """Whether somebody with this address has one running already: a second would charge them twice."""
    person = person_by_email(session, email)
    return person is not None and held(session, person.reader_id) is not None


def unconfirmed(email: str, held: Held, *, group: bool = False) -> Unconfirmed | None:
    """Whether a letter must come first.

    Whoever we know by this address, patron or not, and has not signed in with it, is written to. An address that nobody
    here has heard of goes straight on, unless staff want every one confirmed. So does one with which this very browser
    has paid before, and which has none running.
    """
    if paying.own_reader_id(email):
        return None
    with reading() as session:
        known = person_by_email(session, email) is not None
        running = holds(session, email, held)
        paid_here = has_paid_here(session, person=person_key(email), browser_hash=browser_hash())
        asked = known or figures(session).confirm_first

    def instead(session: Session, at: datetime) -> bool:
        """A patron gets the letter that says what fits instead of a second one; no code is sent then."""
        if not holds(session, email, held):
            return False
        tell_already_patron(session, email, group=group, at=at)
        return True

    return Unconfirmed(instead) if asked and (running or not paid_here) else None

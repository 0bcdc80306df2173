"""What the pages that change a membership share: which membership it is about, and telling Stripe before writing."""

from __future__ import annotations

from collections.abc import Callable

from flask import request
from flask_login import current_user

from membership import clock
from membership.account import actions, queries
from membership.account.queries import MembershipLine
from membership.account.rules import NothingToCancel, NotKnownYet, NotNow, check_changeable
from membership.db import reading, transaction
from membership.gateway import client as gateway
from membership.gateway.looking import look_again
from membership.gateway.readings import SubscriptionReading
from membership.memberships.models import Membership
from membership.refusals import N_


def line_asked() -> MembershipLine:
    """The reader's own running membership that the request names, or the first. Raises `NothingToCancel`."""
    asked = request.values.get("membership", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    if asked and number is None:
        raise NothingToCancel()
    with reading() as session:
        line = queries.line_to_change(session, current_user.reader_id, number, at=clock.now(), ending=False)
    if line is None:
        raise NothingToCancel()
    return line


def check(line: MembershipLine) -> None:
    """Raises `NotNow` when something else comes first, or when it is a group's."""
    if line.seats is not None:
        raise NotNow(N_("This is a group's membership. Its seats are changed on the group's own page."))
    owes, planned = line.unpaid is not None, line.planned is not None
    check_changeable(line.situation, ends_at=line.ends_at, paused=line.paused, owes=owes, is_planned=planned)


def tell_stripe(line: MembershipLine, ask: Callable[[], SubscriptionReading], *, key: str) -> Membership:
    """Network first, then what was answered. Raises `NotKnownYet` when no answer came; the worker finds out."""
    try:
        answered = ask()
    except gateway.StripeUnreachable as error:
        with transaction() as session:
            look_again(session, line.subscription_id, at=clock.now())
        raise NotKnownYet() from error
    with transaction() as session:
        return actions.follow_change(session, answered, key=key, at=clock.now())

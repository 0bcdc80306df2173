"""Who stands well with us at a moment: the one rule (`rules.is_in_good_standing`) for rows, and the same for whole sets.

Everything that asks about standing asks here: votes, perks, pages, reports.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from membership.memberships.models import Membership
from membership.memberships.rules import ENDED, GRACE, NOT_BEGUN, is_in_good_standing


def stands(membership: Membership, at: datetime) -> bool:
    """Whether this membership gives its reader standing at a moment."""
    return is_in_good_standing(
        status=membership.status, paid_until=membership.paid_until, frozen=membership.frozen,
        paused=membership.paused, at=at,
    )  # fmt: skip


def standing_at(at: datetime) -> ColumnElement[bool]:
    """The same as an SQL condition on `Membership`; a test holds the two together."""
    in_time = or_(Membership.paid_until > at, and_(Membership.paused.is_(False), Membership.paid_until > at - GRACE))
    return and_(Membership.status.not_in(ENDED | NOT_BEGUN), in_time, Membership.frozen.is_(False))

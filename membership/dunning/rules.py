"""Rules of failed payments: why one failed, when we remind, how long a link lives, and what brought the money. Pure.

Decline codes: docs.stripe.com/declines/codes; error codes: docs.stripe.com/error-codes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from membership.refusals import N_, Refused

LINK_LIVES = timedelta(days=14)
REMINDERS = {"day-3": timedelta(days=3), "day-7": timedelta(days=7), "day-12": timedelta(days=12)}
"""After the first failure. The grace is fourteen days, so that the last letter comes two days before its end."""

RENEWAL_NOTICE = timedelta(days=14)
"""So long before a yearly membership renews, its patron is told."""

RETRY_SLACK = timedelta(hours=1)


class Reason(StrEnum):
    """Why a payment failed, as far as the reader can do something about it."""

    EXPIRED = "expired"
    FUNDS = "funds"
    CONFIRM = "confirm"
    LOST = "lost"
    RETURNED = "returned"
    OTHER = "other"


class LinkIsSpent(Refused):
    """A card link that is unknown, too old, or has done its work."""

    status = 410
    words = N_(
        "This link has been used or is older than fourteen days. You can change your card after signing in; nothing was"
        " charged."
    )


_CONFIRM = {"authentication_required", "payment_intent_authentication_failure", "authentication_not_handled"}
_FUNDS = {"insufficient_funds", "card_velocity_exceeded", "withdrawal_count_limit_exceeded"}
_LOST = {"lost_card", "stolen_card", "pickup_card"}
_DEBITS = {"sepa_debit", "bacs_debit", "us_bank_account", "acss_debit", "au_becs_debit"}


def reason_of(*, status: str, code: str | None, decline_code: str | None, method: str | None) -> Reason:
    """The reason for a reader, from an intent's `status` and Stripe's codes."""
    codes = {code, decline_code}
    if status == "requires_action" or codes & _CONFIRM:
        return Reason.CONFIRM
    if method in _DEBITS:
        return Reason.RETURNED
    if "expired_card" in codes:
        return Reason.EXPIRED
    if codes & _LOST:
        return Reason.LOST
    return Reason.FUNDS if codes & _FUNDS else Reason.OTHER


def has_failed(*, attempts: int, status: str | None) -> bool:
    """Whether an open invoice's payment failed; one that a slow bank is still working on has not. `status`: the intent's."""
    return attempts > 0 and status not in {"processing", "succeeded"}


def recovered_by(*, paid_at: datetime, next_attempt_at: datetime | None, card_changed: bool) -> str:
    """What brought the money: `new_card`, Stripe's own `retry` at its time, or the reader on the invoice's page (`page`)."""
    if card_changed:
        return "new_card"
    if next_attempt_at is not None and paid_at >= next_attempt_at - RETRY_SLACK:
        return "retry"
    return "page"


def link_is_open(*, spent_at: datetime | None, expires_at: datetime, at: datetime) -> bool:
    """Whether a card link still opens."""
    return spent_at is None and at < expires_at


def expires_before(*, year: int, month: int, moment: datetime) -> bool:
    """Whether a card, good to the end of its month, is no longer good at a moment (UTC)."""
    return (moment.year, moment.month) > (year, month)

"""Rules about refunds and disputes: when a payment still counts, and what may be refunded. Pure.

Source: docs.stripe.com/disputes/how-disputes-work (an inquiry, `warning_…`, moves no money) and docs.stripe.com/refunds
(a refund may fail after it succeeded; the money then comes back).
"""

from __future__ import annotations

from collections.abc import Iterable

from membership.money import Money, check_counted
from membership.refusals import N_, Refused

REFUND_HOLDS = frozenset({"asked", "pending", "requires_action", "succeeded"})
"""States in which a refund's amount is gone, or must be kept back for it."""

UNDECIDED = frozenset({"needs_response", "under_review", "appeal_needs_response", "appeal_under_review"})
"""Statuses in which the disputed amount is not ours, and may come back."""

DISPUTE_TAKES = UNDECIDED | {"lost"}
"""Statuses in which the disputed amount is not ours."""


class NothingLeftToRefund(Refused):
    """All of it has been refunded, or is disputed: then the bank decides."""

    words = N_("There is nothing left of this payment that could be refunded.")


class MoreThanIsLeft(Refused):
    """A refund beyond what is left."""

    field = "amount"
    words = N_("At most %(left)s of this payment can still be refunded.")


def refunded(states: Iterable[tuple[str, int]]) -> int:
    """The minor units that refunds in these (state, amount) hold."""
    return sum(amount for state, amount in states if state in REFUND_HOLDS)


def is_disputed(statuses: Iterable[str]) -> bool:
    """Whether any dispute holds the payment's money now."""
    return any(status in DISPUTE_TAKES for status in statuses)


def is_undecided(statuses: Iterable[str]) -> bool:
    """Whether a bank has yet to decide who keeps the payment's money."""
    return any(status in UNDECIDED for status in statuses)


def dispute_news(was_disputed: bool, disputed: bool, *, was_undecided: bool, undecided: bool) -> str | None:
    """What a change of a payment's disputes means to whoever paid: `taken` (their bank decides), `lost` (decided, or
    taken back for good), `back` (decided for us, or withdrawn); None when it changes nothing for them."""
    if undecided and not was_undecided:
        return "taken"
    if disputed and not undecided and (was_undecided or not was_disputed):
        return "lost"
    return "back" if was_disputed and not disputed else None


def counts(amount: int, *, refunded: int, disputed: bool) -> bool:
    """Whether a payment still carries standing and a receipt: not refunded in full, and not disputed.

    A refund of a part keeps both; the receipt's correction is the refund's own letter.
    """
    return refunded < amount and not disputed


def refund_amount(asked: Money, *, paid: Money, refunded: int, disputed: bool, locale: str) -> Money:
    """The amount to refund, checked against what is left. Raises a named refusal."""
    left = Money(paid.minor - refunded, paid.currency)
    if disputed or left.minor <= 0:
        raise NothingLeftToRefund()
    if asked > left:
        raise MoreThanIsLeft(left=left.written(locale))
    return asked if asked == left else check_counted(asked, locale=locale)

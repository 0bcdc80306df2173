"""Rules of the account: how a membership stands, told in one word, and how a name may be written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from membership.memberships.rules import ENDED, GRACE, NOT_BEGUN, months_later
from membership.refusals import N_, Refused


class Situation(StrEnum):
    """How one membership stands for its reader."""

    WAITING = "waiting"  # the first payment is on its way
    PATRON = "patron"  # paid, and goes on
    PAUSED = "paused"  # the paid time is over, and nothing is collected on the reader's wish
    RENEWING = "renewing"  # the paid time is over, and the next payment is being made
    ENDING = "ending"  # paid, and ends on a day that is known
    FROZEN = "frozen"  # a payment of it is disputed; the bank decides
    GRACE = "grace"  # a payment failed; standing is kept for a while
    RESTING = "resting"  # unpaid for longer than the grace
    RETURNED = "returned"  # all that was paid for it went back; it goes on with the next payment
    ENDED = "ended"
    NEVER = "never"  # it ended before its first payment


class NothingToCancel(Refused):
    """No membership of this reader is running."""

    status = 404
    words = N_("There is no running membership in your account that could be cancelled.")


class StaysAsItIs(Refused):
    """Stripe did not answer; whether it heard us is looked up by the worker."""

    status = 503
    words = N_(
        "Our payment processor does not answer at the moment, so nothing was changed: your membership stays as it is."
        " Please try again in a minute."
    )


class NotAccepted(Refused):
    """Stripe knows no running subscription any more, or would not change it."""

    status = 409
    words = N_(
        "Our payment processor did not accept this; perhaps the membership has ended already. Nothing was charged. We are"
        " looking again, and your account will show what is true in a minute."
    )


LEAVING = ("money", "time", "reporting", "influence", "moved", "other")
"""The reasons for leaving that are offered; none need be given."""


class NotNow(Refused):
    """The membership is in a state in which it cannot be changed or paused; `words` say what comes first."""

    status = 409


class NothingChanges(Refused):
    """The same tier, amount and interval as now."""

    field = "amount"
    words = N_("That is what your membership is already. Please choose something else, or leave it as it is.")


class NotKnownYet(Refused):
    """Stripe was asked, and its answer did not arrive; the worker looks what is true."""

    status = 503
    words = N_(
        "Our payment processor has not answered, so we do not know yet whether this was done. We are asking again by"
        " ourselves; your account will show what is true in a minute. You need not send it again."
    )


class OnlyMonthly(Refused):
    """A yearly membership has nothing to pause: it is paid already."""

    status = 409
    words = N_("A yearly membership is paid in advance, so there is no payment to pause. You can lower or cancel it.")


PAUSE_MONTHS = range(1, 7)
RESUME_BEFORE = timedelta(hours=1)
"""A pause ends so long before the payment that is to be made again."""


class When(StrEnum):
    """When a change takes effect."""

    NOW = "now"  # more, or by the year: at once, for the difference
    LATER = "later"  # less, or by the month again: with the next period, because this one is paid


def when(before: Terms, after: Terms) -> When:
    """When a change takes effect. Nobody pays twice for the same days, and nobody loses days that are paid.

    Raises `NothingChanges`.
    """
    if before == after:
        raise NothingChanges()
    if before.interval != after.interval:
        return When.NOW if after.interval == "year" else When.LATER
    return When.NOW if after.amount >= before.amount else When.LATER


@dataclass(frozen=True)
class Terms:
    """What a membership is: its tier, its amount (minor units) and how often it is paid (month, year)."""

    tier_id: int
    amount: int
    interval: str


def check_changeable(state: Situation, *, ends_at: datetime | None, paused: bool, owes: bool, is_planned: bool) -> None:
    """Whether a membership can be changed or paused now. Raises `NotNow` with what comes first."""
    if state in {Situation.ENDED, Situation.NEVER}:
        raise NothingToCancel()
    if owes or state in {Situation.GRACE, Situation.RESTING}:
        raise NotNow(N_("A payment is still open. Once it has gone through, you can change your membership."))
    if state is Situation.FROZEN:
        raise NotNow(N_("Your bank disputes a payment. Until it has decided, the membership stays as it is."))
    if state is Situation.RETURNED:
        raise NotNow(N_("What was paid went back. Once a payment has arrived again, you can change your membership."))
    if state is Situation.WAITING:
        raise NotNow(N_("The first payment is still on its way. Once it has arrived, you can change your membership."))
    if ends_at is not None:
        raise NotNow(N_("Your membership is cancelled. To change it, please take the cancellation back first."))
    if paused:
        raise NotNow(N_("Your membership is paused. To change it, please end the pause first."))
    if is_planned:
        raise NotNow(N_("A change is planned already. To make another one, please take that one back first."))


def next_payment_after(period_ends_at: datetime, months: int) -> datetime:
    """The first payment after a pause of so many months, each of which would have begun with a payment (UTC)."""
    return months_later(period_ends_at, months)


class NotAName(Refused):
    """A name with signs that cannot be printed on one line."""

    field = "name"
    words = N_("Please write the name on one line, with letters and ordinary signs.")


class CannotSendAgain(Refused):
    """A sign-in letter, or nobody to send it to any more."""

    status = 409
    words = N_("This letter cannot be sent again: it carried a secret that is spent, or the reader is gone.")


class NotSentBackThere(Refused):
    """The money did not come through Stripe."""

    status = 409
    words = N_("This payment did not come through our payment processor, so it cannot be sent back through it.")


def situation(
    *,
    status: str,
    paid_until: datetime | None,
    ends_at: datetime | None,
    at: datetime,
    frozen: bool = False,
    paused: bool = False,
    paid_once: bool = False,
) -> Situation:
    """How a membership stands at a moment, from Stripe's `status` and what was paid (UTC).

    `paid_once`: something was paid for it, whatever became of that money.
    """
    if status in ENDED:
        return Situation.ENDED if paid_until or paid_once else Situation.NEVER
    if frozen:
        return Situation.FROZEN
    if status in NOT_BEGUN or paid_until is None:
        return Situation.RETURNED if paid_once else Situation.WAITING
    if paused and at >= paid_until:
        return Situation.PAUSED
    if at >= paid_until + GRACE:
        return Situation.RESTING
    if status == "past_due":
        return Situation.GRACE
    if ends_at is not None:
        return Situation.ENDING
    if at < paid_until:
        return Situation.PATRON
    return Situation.RENEWING


def has_standing(state: Situation) -> bool:
    """Whether a membership that stands so gives its reader votes and perks."""
    return state in {Situation.PATRON, Situation.RENEWING, Situation.ENDING, Situation.GRACE}


def may_cancel(state: Situation, ends_at: datetime | None) -> bool:
    """Whether there is something to cancel: it runs, and its end is not settled yet."""
    return ends_at is None and state not in {Situation.ENDED, Situation.NEVER}


def written_name(typed: str) -> str:
    """A name on one line, its spaces tidied; may be empty. Raises `NotAName`."""
    name = " ".join(typed.split())
    if not name.isprintable():
        raise NotAName()
    return name

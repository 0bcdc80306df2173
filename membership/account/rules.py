"""Rules of the account: how a membership stands, told in one word, and how a name may be written. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from membership.memberships.rules import ENDED, GRACE, NOT_BEGUN
from membership.refusals import N_, Refused


class Situation(StrEnum):
    """How one membership stands for its reader."""

    WAITING = "waiting"  # the first payment is on its way
    PATRON = "patron"  # paid, and goes on
    RENEWING = "renewing"  # the paid time is over, and the next payment is being made
    ENDING = "ending"  # paid, and ends on a day that is known
    FROZEN = "frozen"  # a payment of it is disputed; the bank decides
    GRACE = "grace"  # a payment failed; standing is kept for a while
    RESTING = "resting"  # unpaid for longer than the grace
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
    *, status: str, paid_until: datetime | None, ends_at: datetime | None, at: datetime, frozen: bool = False
) -> Situation:
    """How a membership stands at a moment, from Stripe's `status` and what was paid (UTC)."""
    if status in ENDED:
        return Situation.ENDED if paid_until or frozen else Situation.NEVER
    if frozen:
        return Situation.FROZEN
    if status in NOT_BEGUN or paid_until is None:
        return Situation.WAITING
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

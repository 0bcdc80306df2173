"""Rules about memberships as gifts: for how long, at what price, how one stands, and when who is reminded. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from membership.money import Money
from membership.refusals import N_, Refused

PERIODS = (3, 6, 12)
"""For how many months a membership may be given."""

FURTHEST = timedelta(days=366)
"""A gift is delivered within a year."""


class GiftState(StrEnum):
    """How a gift stands."""

    ASKED = "asked"  # not paid: nobody can claim it
    WITHDRAWN = "withdrawn"  # its payment does not count (any more)
    CLAIMED = "claimed"
    TO_COME = "to_come"  # paid, and its letter goes out on the day chosen
    OPEN = "open"  # paid, and delivered or in its giver's hands


class NotAPeriod(Refused):
    """A period that is not offered."""

    field = "months"
    words = N_("Please choose one of the periods shown.")


class NotADay(Refused):
    """A day that is over, or more than a year away."""

    field = "day"
    words = N_("Please choose a day from today on, and within a year.")


class NobodyToWriteTo(Refused):
    """A letter was chosen, and no address given."""

    field = "recipient_email"
    words = N_("Please write the address that the letter should go to, or choose to hand over the link yourself.")


class LinksInIt(Refused):
    """Our letters carry no addresses that others chose: somebody could send people anywhere in our name."""

    field = "message"
    words = N_("Please leave out web addresses; our letter carries only the link of the gift.")


class NoSuchGift(Refused):
    """No gift has this secret, or it is not paid."""

    status = 404
    words = N_("There is no gift at this address. If it came by letter, please check that the whole link was copied.")


class ClaimedAlready(Refused):
    """Somebody was quicker, or this is the second press."""

    status = 409
    words = N_("This gift has been claimed already. If it was you, you find it in your account.")


class Withdrawn(Refused):
    """Its payment went back or is disputed."""

    status = 410
    words = N_(
        "This gift cannot be claimed: its payment was returned or is disputed. Please ask whoever gave it to you."
    )


_LINK = re.compile(r"://|\bwww\.|\bhttps?:", re.IGNORECASE)


def check_words(text: str, *, field: str) -> str:
    """Words of a giver that stand in our letter. Raises `LinksInIt`."""
    if _LINK.search(text):
        raise LinksInIt(field=field)
    return text


def price_of(months: int, *, monthly: Money, yearly: Money) -> Money:
    """What so many months of a tier cost as a gift: a year its yearly price, else each month its monthly one.

    Raises `NotAPeriod`.
    """
    if months not in PERIODS:
        raise NotAPeriod()
    return yearly if months == 12 else monthly * months


def state_of(
    *, paid: bool, withdrawn: bool, claimed: bool, deliver_at: datetime | None, delivered_at: datetime | None
) -> GiftState:
    """How a gift stands, in one word."""
    if not paid:
        return GiftState.ASKED
    if withdrawn:
        return GiftState.WITHDRAWN
    if claimed:
        return GiftState.CLAIMED
    return GiftState.TO_COME if deliver_at is not None and delivered_at is None else GiftState.OPEN


def check_claimable(state: GiftState) -> None:
    """Whether somebody may claim it. One that is still to come may be claimed by whoever has its link.

    Raises `NoSuchGift`, `Withdrawn`, `ClaimedAlready`.
    """
    if state is GiftState.ASKED:
        raise NoSuchGift()
    if state is GiftState.WITHDRAWN:
        raise Withdrawn()
    if state is GiftState.CLAIMED:
        raise ClaimedAlready()


@dataclass(frozen=True)
class Step:
    """A reminder of a gift that nobody has claimed: its name, how long after the delivery, and whom it goes to."""

    name: str
    after: timedelta
    to_giver: bool


STEPS = (
    Step("week", timedelta(days=7), to_giver=False),
    Step("month", timedelta(days=30), to_giver=False),
    Step("giver", timedelta(days=45), to_giver=True),
)
"""The published schedule: the recipient after a week and after a month, the giver after six weeks and a half. A gift
never lapses."""


def step_due(since: datetime, at: datetime, *, by_letter: bool) -> tuple[Step | None, datetime | None]:
    """The reminder that is due now (the latest of several that were missed), and when to look again.

    `since`: when the gift was delivered, or bought if its giver hands it over; then only the giver can be reminded.
    """
    steps = [step for step in STEPS if by_letter or step.to_giver]
    due = [step for step in steps if since + step.after <= at]
    coming = [since + step.after for step in steps if since + step.after > at]
    return (due[-1] if due else None), (coming[0] if coming else None)

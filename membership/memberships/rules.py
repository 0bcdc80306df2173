"""Rules about memberships: standing, what counts as recurring money, and how a change is called. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import datetime, timedelta

from membership.money import Money, check_bounds
from membership.refusals import N_, Refused

GRACE = timedelta(days=14)
"""After a payment fails, standing and every open vote are kept this long (as long as Stripe's retries run)."""

ENDED = frozenset({"canceled", "incomplete_expired", "unpaid"})
NOT_BEGUN = frozenset({"incomplete"})


def is_in_good_standing(
    *, status: str, paid_until: datetime | None, at: datetime, frozen: bool = False, paused: bool = False
) -> bool:
    """Whether a membership gives its reader standing (votes, perks) at a moment.

    `paid_until` comes from settled invoices only, so a membership that a slow bank has not paid for yet has none;
    `frozen` while one of its payments is disputed. A `paused` one has standing for the paid time, and no grace after it:
    the grace is for a payment that failed, not for one that nobody means to make.
    """
    if frozen or paid_until is None or status in ENDED or status in NOT_BEGUN:
        return False
    return at < kept_until(paid_until, paused=paused)


def stands_by_gift(*, begins_at: datetime | None, ends_at: datetime | None, at: datetime, frozen: bool = False) -> bool:
    """Whether a membership that was given gives standing: from its beginning until its end, without any grace, because
    no payment of it can fail; not while it waits for its turn, nor while its payment is disputed."""
    if frozen or begins_at is None or ends_at is None:
        return False
    return begins_at <= at < ends_at


def kept_until(paid_until: datetime, *, paused: bool) -> datetime:
    """When a membership stops to give standing if nothing more is paid."""
    return paid_until if paused else paid_until + GRACE


def yearly(amount: int, interval: str) -> int:
    """The amount (minor units per `month` or `year`) brought to a year: exact, where a month of a year would not be."""
    return amount * 12 if interval == "month" else amount


def counted_amount(*, status: str, paid_once: bool, amount: int, interval: str, paused: bool = False) -> int:
    """What a membership adds to recurring revenue per year: nothing before its first payment, while nothing is collected
    on the reader's wish, and after its end."""
    if paused or not paid_once or status in ENDED or status in NOT_BEGUN:
        return 0
    return yearly(amount, interval)


def ended_by_failure(*, status: str, payment_failed: bool) -> bool:
    """Whether a membership ended because a payment failed, not because somebody chose to: Stripe's cancellation reason
    says so, or its retries were set to end in `unpaid`."""
    return payment_failed or status == "unpaid"


def runs_as_before(before: int, after: int, *, ended: bool, switched: bool = False) -> bool:
    """Whether there is no movement, whatever came before: the counted yearly amount and the tier (unless `switched`) are
    the same, and nothing ended."""
    return before == after and not ended and not (switched and after > 0)


def movement_kind(
    before: int,
    after: int,
    *,
    was_patron_before: bool,
    payment_failed: bool,
    paused: bool = False,
    ended: bool = False,
    rested: bool = False,
    switched: bool = False,
) -> str | None:
    """How a change of the counted yearly amount is called; None when nothing changed.

    `was_patron_before`: the same reader was counted earlier, in whatever membership; `payment_failed`: `ended_by_failure`;
    `paused` and `ended`: how this membership stands now; `rested`: its last movement was a pause; `switched`: it counts for
    another tier than before, which is a movement of its own only where the amount stays the same. One that ends out of a
    pause is a leaving of nothing: its money left with the pause, its patron leaves now.
    """
    if runs_as_before(before, after, ended=ended, switched=switched):
        return None
    if before == after and switched and not ended:
        return "switched"
    if before == after:
        if not rested:
            return None
    elif before == 0:
        return "resumed" if rested else "returned" if was_patron_before else "new"
    elif after > 0:
        return "raised" if after > before else "lowered"
    elif paused and not ended:
        return "paused"
    return "lost" if payment_failed else "left"


class UnknownTier(Refused):
    """No such tier, or one that is not offered any more."""

    field = "tier"
    words = N_("Please choose one of the memberships shown.")


class NotForThatMuch(Refused):
    """The amount is below what the chosen tier costs."""

    field = "amount"
    words = N_("This membership starts at %(floor)s. You can write more, or choose another one.")


def tier_for(
    prices: Mapping[str, Money], *, chosen: str | None, own: Money | None, coffee: Money, locale: str
) -> tuple[str, Money]:
    """Which tier and amount a form asks for: `prices` by tier slug in the chosen currency and interval.

    A tier without an amount costs its price; an amount without a tier gets the highest tier it reaches, and must be at
    least the lowest price (`coffee`, for the interval). Raises `UnknownTier`, `NotForThatMuch`, `TooSmall`, `TooLarge`.
    """
    if chosen:
        if chosen not in prices:
            raise UnknownTier()
        price = prices[chosen]
        if own is not None and own < price:
            raise NotForThatMuch(floor=price.written(locale))
        return chosen, check_bounds(own or price, locale=locale)
    if own is None or not prices:
        raise UnknownTier()
    check_bounds(own, floor=min(coffee, *prices.values()), locale=locale)
    reached = [(price, slug) for slug, price in prices.items() if price <= own]
    if not reached:
        raise UnknownTier()
    return max(reached)[1], own


LONGEST_GIVEN = timedelta(days=5 * 366)
"""A complimentary membership ends within five years; who is meant to stay longer is asked anew."""


class NotAnEnd(Refused):
    """A day that is over, or too far away."""

    field = "until"
    words = N_("Please choose a day after today, and within five years.")


class OverAlready(Refused):
    """What is to be ended has ended."""

    status = 409
    words = N_("This membership has ended already.")


def checked_end(ends_at: datetime, *, at: datetime) -> datetime:
    """The end of a complimentary membership. Raises `NotAnEnd`."""
    if not at < ends_at <= at + LONGEST_GIVEN:
        raise NotAnEnd()
    return ends_at


def end_after_rest(ends_at: datetime, *, since: datetime, at: datetime) -> datetime:
    """When a given membership ends that rested `since` then and goes on now: what was left of it is left of it still."""
    return max(ends_at, at + max(ends_at - since, timedelta()))


NOTICE = timedelta(days=14)
"""So long before a given membership ends its reader is told; not for one that lasted less than twice as long."""


def notice_at(begins_at: datetime, ends_at: datetime) -> datetime | None:
    """When a reader is told that a given membership will end; None when it is too short for that."""
    return ends_at - NOTICE if ends_at - begins_at >= 2 * NOTICE else None


def months_later(moment: datetime, months: int) -> datetime:
    """The same day so many months later, or that month's last day (UTC)."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))

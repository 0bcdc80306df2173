"""Rules about groups: how many seats, which are free, and when a change of their number takes effect. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from membership.refusals import N_, Refused

LEAST, MOST = 2, 500
"""So many seats a group may have; who needs more writes to us."""


REMIND, KEPT = timedelta(days=7), timedelta(days=30)
"""Whoever has not answered an invitation is reminded once, after so long; and so long the seat is kept for them."""


class NotThatMany(Refused):
    """A number of seats that is not offered."""

    field = "seats"
    words = N_("A group has %(least)s to %(most)s seats. For more, please write to us.")


class SameSeats(Refused):
    """As many as now."""

    field = "seats"
    words = N_("Your group has that many seats already.")


class SeatsTaken(Refused):
    """Fewer seats than are held or offered."""

    field = "seats"
    words = N_(
        "%(taken)s seats are taken or offered. Please free some of them first, so that you decide whose they are."
    )


class NoSeatLeft(Refused):
    """More invitations than there are free seats."""

    field = "emails"
    words = N_("There are not that many free seats: %(free)s of them are free. Free one, or add seats.")


class NotPaidYet(Refused):
    """The group's first payment has not arrived, or it has ended."""

    status = 409
    words = N_("Seats can be given once the first payment has arrived, and while the membership runs.")


class NoSuchSeat(Refused):
    """No invitation has this secret, or it was withdrawn."""

    status = 404
    words = N_("There is no seat at this address any more. Please ask whoever invited you.")


class TakenAlready(Refused):
    """Somebody was quicker, or this is the second press."""

    status = 409
    words = N_("This seat has been taken already. If it was you, you find it in your account.")


class SeatedAlready(Refused):
    """One person, one seat of a group."""

    status = 409
    words = N_("You hold a seat of this group already.")


def checked_seats(seats: int | None) -> int:
    """A number of seats that a group may have. Raises `NotThatMany`."""
    if seats is None or not LEAST <= seats <= MOST:
        raise NotThatMany(least=LEAST, most=MOST)
    return seats


def check_change(now: int, after: int | None, *, taken: int) -> bool:
    """Whether a change of the seats takes effect now (more) and not with the next period (fewer).

    Raises `NotThatMany`, `SameSeats`, `SeatsTaken`.
    """
    after = checked_seats(after)
    if after == now:
        raise SameSeats()
    if after < taken:
        raise SeatsTaken(taken=taken)
    return after > now


def free_seats(seats: int, planned: int | None, taken: int) -> int:
    """How many seats can be given; of those that will be gone with the next period none."""
    return max(min(seats, planned if planned is not None else seats) - taken, 0)


def kept_until(offered_at: datetime) -> datetime:
    """Until when a seat is kept for whoever was invited."""
    return offered_at + KEPT


def is_to_be_reminded(offered_at: datetime, at: datetime) -> bool:
    """Whether the reminder of an unanswered invitation is due."""
    return offered_at + REMIND <= at < kept_until(offered_at)


def next_look(offered_at: datetime, at: datetime) -> datetime | None:
    """When something is due again about an unanswered invitation; None once nothing is."""
    return next((due for due in (offered_at + REMIND, kept_until(offered_at)) if due > at), None)

"""Rules about groups: how many seats, which are free, and when a change of their number takes effect. Pure."""

from __future__ import annotations

from membership.refusals import N_, Refused

LEAST, MOST = 2, 500
"""So many seats a group may have; who needs more writes to us."""


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

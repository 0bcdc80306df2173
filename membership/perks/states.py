"""The kinds of perks, and the states that a grant may come to. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from membership.refusals import N_, NotFound, Refused

KINDS = ("link", "file", "code", "shared_code", "feed", "event", "thing", "wall", "community", "badge")
CLAIMED = frozenset({"code", "event", "thing", "wall"})
"""Kinds that are asked for; the others are theirs as they are issued."""
USED_UP = frozenset({"code", "event", "thing"})
"""Kinds of which nothing can be taken back once they were used: a code, an evening, what was sent."""
LIVE = frozenset({"issued", "claimed", "redeemed"})

_NEXT = {
    "issued": frozenset({"claimed", "redeemed", "expired", "revoked"}),
    "claimed": frozenset({"issued", "redeemed", "expired", "revoked"}),
    "redeemed": frozenset({"claimed", "revoked"}),
    "expired": frozenset(),
    "revoked": frozenset({"issued", "claimed", "redeemed"}),
}


class NotNow(Refused):
    """A grant's state does not allow what somebody asked."""

    status = 409
    words = N_("That is not possible any more. Please look at your perks for how this one stands.")


class NoSuchPerk(NotFound):
    """No such perk, or a grant of somebody else's."""


class Rests(Refused):
    """The reader has no standing at the moment."""

    status = 403
    words = N_("Your perks rest: they open again as soon as your membership is in good standing.")


def may_become(kind: str, state: str, wanted: str) -> bool:
    """Whether a grant of this kind may go from one state to another. What is used up is not revoked."""
    if wanted == "revoked" and state == "redeemed" and kind in USED_UP:
        return False
    if wanted == "claimed" and state == "issued" and kind not in CLAIMED:
        return False
    return wanted in _NEXT[state]


def expires_at(
    kind: str, *, issued_at: datetime, claim_days: int | None, ends_at: datetime | None
) -> datetime | None:
    """When a grant is over if nothing is done: what is claimed must be claimed in time, an evening passes."""
    times = [ends_at] if kind == "event" and ends_at is not None else []
    if kind in CLAIMED and claim_days:
        times.append(issued_at + timedelta(days=claim_days))
    return min(times, default=None)


def is_over(kind: str, state: str, *, expires_at: datetime | None, ends_at: datetime | None, at: datetime) -> bool:
    """Whether a grant expires at a moment: one that waits to be claimed, or the unused seat of an evening that has passed."""
    if expires_at is None or state not in ("issued", "claimed"):
        return False
    if state == "claimed":
        return kind == "event" and ends_at is not None and ends_at <= at
    return expires_at <= at

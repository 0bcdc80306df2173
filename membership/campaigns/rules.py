"""Rules about campaigns: when one runs, what counts, what a sponsor adds, which marks are reached. Pure.

Sums are in minor units of the campaign's own currency; recurring money is kept per year (twelve times the month), so that
nothing is rounded before it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from membership.refusals import N_, Refused

LONGEST = timedelta(days=366)
USUAL_MILESTONES = (25, 50, 75, 100)
MOST_MILESTONES, HIGHEST_MILESTONE = 10, 500
MOST_PATRONS = 10_000_000
NAME_LENGTH = 60
ENDED = 0
"""In the place of a milestone: the letter that tells how a campaign ended."""


class Phase(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    COMING = "coming"
    RUNNING = "running"
    CLOSED = "closed"


class NotThoseDates(Refused):
    """A campaign that would end before it begins, or never."""

    field = "closes_at"
    words = N_("A campaign closes after it opens and after now, and within a year.")


class NotMilestones(Refused):
    """No whole percentages."""

    field = "milestones"
    words = N_("Please write up to ten whole percentages between 1 and 500, like 25, 50, 75, 100.")


class NotAGoal(Refused):
    """No number of people."""

    field = "goal"
    words = N_("Please write how many patrons are the goal: a whole number above zero.")


class HalfAMatch(Refused):
    """A sponsor without a sum, or a sum without a sponsor."""

    field = "match_cap"
    words = N_("A match needs both: who adds the money, and how much at most.")


class Settled(Refused):
    """What readers gave for stays as it was."""

    status = 409
    words = N_(
        "This campaign is published: its goal, its dates and its match stay. Only its words, and a later end, can change."
    )


class NotADraft(Refused):
    """Published already, or over."""

    status = 409
    words = N_("This campaign is published already.")


class NotRunning(Refused):
    """Only what has not ended can end."""

    status = 409
    words = N_("This campaign is not under way.")


class NothingGiven(Refused):
    """The wall and the letters are for those who gave."""

    status = 403
    words = N_("The wall of thanks and the letters are for those who gave to this campaign while it ran.")


def ends_at(closes_at: datetime, closed_at: datetime | None) -> datetime:
    """From when on nothing counts any more."""
    return min(closes_at, closed_at) if closed_at else closes_at


def phase(
    *, published_at: datetime | None, opens_at: datetime, closes_at: datetime, closed_at: datetime | None, at: datetime
) -> Phase:
    """Where a campaign stands at a moment: its dates decide, whether or not the worker has come by."""
    if published_at is None:
        return Phase.DRAFT
    if at >= ends_at(closes_at, closed_at):
        return Phase.CLOSED
    return Phase.COMING if at < opens_at else Phase.RUNNING


def kept(amount: int, *, refunded: int, disputed: bool) -> int:
    """What is left of a payment: nothing while a bank holds it or has taken it back, else what was not refunded."""
    return 0 if disputed else max(0, amount - refunded)


def matched(given: int, cap: int) -> int:
    """What the sponsor adds: as much as was given and kept, and never more than was promised. Money that goes back takes
    its match along, and money that comes back brings it again, because both follow from the one sum."""
    return max(0, min(given, cap))


def monthly(yearly: int) -> int:
    """A twelfth of a yearly sum, down to the minor unit: never more than there is."""
    return max(0, yearly) // 12


def percent(reached: int, goal: int) -> int:
    """Whole percent of a goal, rounded down: it says 100 when the goal is reached and not before."""
    return max(0, reached) * 100 // goal


def passed(milestones: Iterable[int], reached: int, goal: int) -> list[int]:
    """The milestones that are reached, the lowest first."""
    return sorted(one for one in milestones if reached * 100 >= one * goal)


def letter_for(newly: Sequence[int]) -> int | None:
    """Of several milestones that were reached since the last look, the one that a letter is about: the highest."""
    return max(newly, default=None)


def read_milestones(typed: str) -> tuple[int, ...]:
    """Percentages as typed (`25, 50, 75, 100`), each once, the lowest first; none is allowed. Raises `NotMilestones`."""
    parts = [part.removesuffix("%") for part in re.split(r"[\s,;]+", typed.strip()) if part not in ("", "%")]
    if len(parts) > MOST_MILESTONES or not all(re.fullmatch(r"[0-9]{1,3}", part, re.ASCII) for part in parts):
        raise NotMilestones()
    found = sorted({int(part) for part in parts})
    if found and not (found[0] >= 1 and found[-1] <= HIGHEST_MILESTONE):
        raise NotMilestones()
    return tuple(found)


def read_patrons(typed: str) -> int:
    """A number of people as typed. Raises `NotAGoal`."""
    if not re.fullmatch(r"[0-9]{1,8}", typed.strip(), re.ASCII) or not 1 <= int(typed) <= MOST_PATRONS:
        raise NotAGoal()
    return int(typed)


def check_dates(opens_at: datetime, closes_at: datetime, *, at: datetime) -> None:
    """Raises `NotThoseDates`."""
    if not (opens_at < closes_at <= opens_at + LONGEST and at < closes_at):
        raise NotThoseDates()


def check_match(sponsor: str, cap: int | None) -> None:
    """Raises `HalfAMatch`."""
    if bool(sponsor) != (cap is not None):
        raise HalfAMatch()

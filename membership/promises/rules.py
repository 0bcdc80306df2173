"""Rules about promises: what an editor must say to take one up, to keep it, or to give it up. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from membership.refusals import N_, Refused

STORY_TITLE_LENGTH = 200
REASON_LENGTH = 2000
FURTHEST = timedelta(days=3 * 365)
LATE_AFTER = 7
"""Days after a promised day, unless staff set another number, before readers are told that it was not kept."""
LATE_AFTER_MOST = 365
PENDING = frozenset({"accepted", "reporting"})


class NotAnEditor(Refused):
    """Only somebody of the team can be named."""

    field = "editor"
    words = N_("Please choose an editor of our team.")


class DateNotAhead(Refused):
    """A promise is about the future."""

    field = "due_on"
    words = N_("Please choose a date from today on, within three years.")


class NotAStory(Refused):
    """The story must be somewhere to be read."""

    field = "url"
    words = N_("Please write the story's web address, beginning with https:// or http://.")


class StoryTitleMissing(Refused):
    """The letter names the story."""

    field = "title"
    words = N_("Please write the story's title (at most %(most)s letters).")


class ReasonMissing(Refused):
    """Giving up a promise needs a reason that everybody may read."""

    field = "reason"
    words = N_("Please give the reason. It will be public.")


class AlreadyClosed(Refused):
    """A promise that was kept or given up stays as it is."""

    status = 409
    words = N_("This promise has been closed already.")


class NotDays(Refused):
    """A number of days within a year."""

    field = "days"
    words = N_("Please write a number of days from 0 to %(most)s.")


def check_days(days: int | None) -> int:
    """After how many days readers are told. Raises `NotDays`."""
    if days is None or not 0 <= days <= LATE_AFTER_MOST:
        raise NotDays(most=LATE_AFTER_MOST)
    return days


def check_pending(state: str) -> None:
    """Raises `AlreadyClosed`."""
    if state not in PENDING:
        raise AlreadyClosed()


def check_date(due_on: date, *, today: date) -> date:
    """A date that can be promised. Raises `DateNotAhead`."""
    if not today <= due_on <= today + FURTHEST:
        raise DateNotAhead()
    return due_on


def check_story_title(typed: str) -> str:
    """The story's title on one line. Raises `StoryTitleMissing`."""
    title = " ".join(typed.split())
    if not 3 <= len(title) <= STORY_TITLE_LENGTH:
        raise StoryTitleMissing(most=STORY_TITLE_LENGTH)
    return title


def check_reason(typed: str) -> str:
    """The public reason. Raises `ReasonMissing`."""
    reason = typed.strip()
    if not 5 <= len(reason) <= REASON_LENGTH:
        raise ReasonMissing()
    return reason


def age_in_days(*, made_at: datetime, closed_at: datetime | None, at: datetime) -> int:
    """For how long a promise has been open, or was: whole days."""
    return max(0, ((closed_at or at) - made_at).days)


def is_late(*, state: str, due_on: date | None, today: date) -> bool:
    """Whether the promised day has passed and the story is not there."""
    return state in PENDING and due_on is not None and due_on < today

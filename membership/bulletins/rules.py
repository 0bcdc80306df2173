"""Whom a bulletin may be for, what it must say before it is sent, and when a confirmed number still holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from membership.refusals import N_, Refused

SORTS = ("bulletins", "asking")
"""The switches a bulletin may fall under: news, or asking for support. Readers turn each off by itself."""
STANDINGS = ("anyone", "patrons", "grace", "former", "never")
"""*patrons*: in good standing. *grace*: of these, whose payment is late. *former*: was one once. *never*: was none."""
SUBJECT_LENGTH, BODY_LENGTH = 120, 40_000
HOLDS_WITHIN_PERCENT, HOLDS_WITHIN = 1, 10


class NothingSaid(Refused):
    """A bulletin without subject or words."""

    field = "subject"
    words = N_(
        "Before it can be sent, the bulletin needs a subject and words in every language that it has: %(language)s."
    )


class NobodyThere(Refused):
    """The segment is empty, or nobody in it wants such letters."""

    words = N_("Nobody would get this bulletin: please look at whom it is for.")


class NumberChanged(Refused):
    """Between the look and the press the recipients became many more or fewer."""

    status = 409
    words = N_("The number of recipients has changed meanwhile; it is %(number)s now. Please look once more.")


class NotADraft(Refused):
    """It was sent or is about to be; its words stay as they are."""

    status = 409
    words = N_("This bulletin is on its way or was sent, so its words stay as they are. Copy it to write it anew.")


class NotOnItsWay(Refused):
    """There is nothing to pause, to go on with or to stop."""

    status = 409
    words = N_("That is not possible now: the bulletin is in another state than it was when this page was shown.")


class InThePast(Refused):
    """A time to send that has passed."""

    field = "due_at"
    words = N_("This time has passed. Please choose a later one, or send it now.")


class OnlyLanguage(Refused):
    """A bulletin speaks at least one language."""

    status = 409
    words = N_("A bulletin needs at least one language.")


@dataclass(frozen=True)
class Segment:
    """Whom a bulletin is for; all conditions hold together. No tiers, no languages, no topic: any. `topic`: who proposed or
    supports it. Tiers are those that somebody has now, or of a former patron those that they had."""

    standing: str = "patrons"
    tiers: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    topic: int | None = None

    def as_plain(self) -> dict[str, Any]:
        """For a JSON column."""
        return asdict(self) | {"tiers": list(self.tiers), "languages": list(self.languages)}


def segment_of(plain: Mapping[str, Any]) -> Segment:
    """What `as_plain` wrote."""
    return Segment(plain["standing"], tuple(plain["tiers"]), tuple(plain["languages"]), plain["topic"])


@dataclass(frozen=True)
class Audience:
    """Who is in a segment, and who of them gets no letter: they turned the switch off, or their letters come back (who did
    both counts as unwilling)."""

    all: int
    unwilling: int
    unreachable: int

    @property
    def reached(self) -> int:
        """How many would get the letter."""
        return self.all - self.unwilling - self.unreachable


def check_words(texts: Mapping[str, tuple[str, str]]) -> None:
    """Subject and words in every language. Raises `NothingSaid`."""
    for language, (subject, body) in texts.items():
        if not subject.strip() or not body.strip():
            raise NothingSaid(language=language)


def check_number(confirmed: int, audience: Audience) -> None:
    """Somebody confirmed so many recipients. Raises `NobodyThere`, and `NumberChanged` when it is another number by now, by
    more than ten and more than one in a hundred: readers come and go while somebody reads a page."""
    if audience.reached == 0:
        raise NobodyThere()
    difference = abs(audience.reached - confirmed)
    if difference > HOLDS_WITHIN and difference * 100 > HOLDS_WITHIN_PERCENT * audience.reached:
        raise NumberChanged(number=audience.reached)


def check_due(due_at: datetime, at: datetime) -> None:
    """Raises `InThePast`."""
    if due_at <= at:
        raise InThePast()


def chosen(languages: Iterable[str], readers: str, newsrooms: str) -> str:
    """In which of a bulletin's languages a reader gets it: their own, else the newsroom's, else the first by name."""
    there = sorted(languages)
    return readers if readers in there else newsrooms if newsrooms in there else there[0]

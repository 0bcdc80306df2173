"""Rules of a ballot: when it takes votes, who may vote and why not, how a vote is written down, what may be shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from membership.refusals import N_, Refused

TITLE_LENGTH = (5, 140)
QUESTION_LENGTH = (10, 2000)
OPTIONS = (2, 40)
BATCH = 10
"""Votes are sealed into the public log among at least so many."""
CONTENTS_FROM = 20
"""From so many votes on the single votes are published, without names; below, only totals and codes."""
ROUNDED_TO = 10
"""While a ballot is open, turnout is shown in tens."""


class Phase(StrEnum):
    """Where a ballot stands by the clock, however late the worker is."""

    COMING = "coming"
    OPEN = "open"
    COUNTING = "counting"
    FINAL = "final"
    VOID = "void"


class MayVote(StrEnum):
    """What a signed-in reader is told about their right to vote."""

    MAY = "may"
    VOTED = "voted"
    JOINED_LATER = "joined_later"
    NO_STANDING = "no_standing"
    WILL_BE_ON_ROLL = "will_be_on_roll"
    WILL_NOT_BE_ON_ROLL = "will_not_be_on_roll"
    TOOK_PART = "took_part"
    DID_NOT_TAKE_PART = "did_not_take_part"
    WAS_NOT_ON_ROLL = "was_not_on_roll"


class NotOpenYet(Refused):
    """The ballot is announced only."""

    status = 409
    words = N_("This ballot has not opened yet.")


class Closed(Refused):
    """The closing time has passed; the vote was not counted."""

    status = 409
    words = N_("This ballot has closed. Your vote came after the closing time and was not counted.")


class Cancelled(Refused):
    """The ballot was called off."""

    status = 409
    words = N_("This ballot was cancelled. The reason stands on its page.")


class NotOnRoll(Refused):
    """Only who was on the roll at the opening can vote."""

    status = 403
    words = N_(
        "You are not on the roll of this ballot, which was drawn up when it opened: everybody whose membership was paid "
        "then. You will be on the next one while your membership lasts."
    )


class NothingChosen(Refused):
    """A vote for nothing."""

    field = "choice"
    words = N_("Please tick at least one topic.")


class NotAnOption(Refused):
    """Something that does not stand on this ballot."""

    field = "choice"
    words = N_("Please choose only topics that stand on this ballot.")


class NotCountedYet(Refused):
    """Nothing about the result exists before the close."""

    status = 404
    words = N_("There is no result yet: it is counted when the ballot has closed, and nobody sees it before.")


class TitleMissing(Refused):
    """A ballot needs a name."""

    field = "title"
    words = N_("Please give the ballot a title of %(least)s to %(most)s letters.")


class QuestionMissing(Refused):
    """A ballot asks something."""

    field = "question"
    words = N_("Please write the question in a sentence (at most %(most)s letters).")


class TooFewOptions(Refused):
    """A vote needs a choice."""

    field = "topics"
    words = N_("Please choose at least %(least)s accepted topics.")


class TooManyOptions(Refused):
    """Nobody reads that many."""

    field = "topics"
    words = N_("Please choose at most %(most)s topics.")


class SeatsDoNotFit(Refused):
    """As many places as topics leave nothing to vote about."""

    field = "seats"
    words = N_("There must be at least one place, and fewer places than topics.")


class QuorumDoesNotFit(Refused):
    """A number of votes."""

    field = "quorum"
    words = N_("The quorum is a number of votes; 0 means none.")


class ClosesTooEarly(Refused):
    """A ballot closes after it opened, and in the future."""

    field = "closes_at"
    words = N_("The ballot must close after it opens, and later than now.")


class NoSuchHour(Refused):
    """A local time that the clocks skip in spring."""

    field = "closes_at"
    words = N_("That hour does not exist on that day: the clocks are put forward. Please choose another one.")


class FarAway(Refused):
    """A year nobody means."""

    field = "closes_at"
    words = N_("Please choose a time within the next years.")


class CannotOpen(Refused):
    """Only an announced ballot whose closing time lies ahead can be opened."""

    status = 409
    words = N_("This ballot cannot be opened: it is open already, over, or its closing time has passed.")


class CannotCancel(Refused):
    """What has been counted stands."""

    status = 409
    words = N_("This ballot is over; what was counted stands.")


class ReasonMissing(Refused):
    """Calling a ballot off needs a reason that everybody may read."""

    field = "reason"
    words = N_("Please give the reason. It will be public.")


def phase(*, status: str, closes_at: datetime, at: datetime) -> Phase:
    """Where a ballot stands. An open one takes votes until just before `closes_at`; then it waits to be counted."""
    if status == "open":
        return Phase.OPEN if at < closes_at else Phase.COUNTING
    return {"draft": Phase.COMING, "final": Phase.FINAL, "void": Phase.VOID}[status]


def check_open(*, status: str, closes_at: datetime, at: datetime) -> None:
    """Whether a vote may be cast at this moment. Raises `NotOpenYet`, `Closed`, `Cancelled`."""
    now = phase(status=status, closes_at=closes_at, at=at)
    if now is Phase.COMING:
        raise NotOpenYet()
    if now is Phase.VOID:
        raise Cancelled()
    if now is not Phase.OPEN:
        raise Closed()


def may_vote(*, now: Phase, on_roll: bool, voted: bool, standing: bool) -> MayVote:
    """What to tell a reader. `standing`: whether their membership is paid at this moment."""
    if now is Phase.COMING:
        return MayVote.WILL_BE_ON_ROLL if standing else MayVote.WILL_NOT_BE_ON_ROLL
    if now is Phase.OPEN:
        if on_roll:
            return MayVote.VOTED if voted else MayVote.MAY
        return MayVote.JOINED_LATER if standing else MayVote.NO_STANDING
    if not on_roll:
        return MayVote.WAS_NOT_ON_ROLL
    return MayVote.TOOK_PART if voted else MayVote.DID_NOT_TAKE_PART


_POSITION = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


def canonical(choices: Iterable[str | int], positions: Collection[int]) -> str:
    """Ticks as canonical content: the positions in ascending order, each once. Raises `NothingChosen`, `NotAnOption`."""
    ticked = set()
    for choice in map(str, choices):
        if not _POSITION.fullmatch(choice) or int(choice) not in positions:
            raise NotAnOption()
        ticked.add(int(choice))
    if not ticked:
        raise NothingChosen()
    return ",".join(map(str, sorted(ticked)))


def check_draft(
    *, title: str, question: str, options: int, seats: int, quorum: int, opens_at: datetime, closes_at: datetime,
    at: datetime,
) -> None:  # fmt: skip
    """Whether a ballot can be announced like this. Raises the refusal that belongs to the field that is wrong."""
    if not TITLE_LENGTH[0] <= len(title) <= TITLE_LENGTH[1]:
        raise TitleMissing(least=TITLE_LENGTH[0], most=TITLE_LENGTH[1])
    if not QUESTION_LENGTH[0] <= len(question) <= QUESTION_LENGTH[1]:
        raise QuestionMissing(most=QUESTION_LENGTH[1])
    check_options(options)
    if not 1 <= seats < options:
        raise SeatsDoNotFit()
    if not 0 <= quorum <= 10_000_000:
        raise QuorumDoesNotFit()
    if closes_at <= max(opens_at, at):
        raise ClosesTooEarly()


def check_options(number: int) -> None:
    """Raises `TooFewOptions`, `TooManyOptions`."""
    if number < OPTIONS[0]:
        raise TooFewOptions(least=OPTIONS[0])
    if number > OPTIONS[1]:
        raise TooManyOptions(most=OPTIONS[1])


def local_moment(typed: datetime, zone: str, *, field: str) -> datetime:
    """A time typed without a zone, as the newsroom's clock shows it, in UTC; of an hour that comes twice the first.

    Raises `NoSuchHour`, `FarAway`.
    """
    if not 2000 <= typed.year <= 2200:
        raise FarAway(field=field)
    local = typed.replace(tzinfo=ZoneInfo(zone))
    moment = local.astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != typed:
        raise NoSuchHour(field=field)
    return moment


def rounded(voted: int) -> int:
    """Turnout as it may be shown while a ballot is open: down to tens, so that no single vote can be watched arriving."""
    return voted // ROUNDED_TO * ROUNDED_TO


def publishes_contents(votes: int) -> bool:
    """Whether single votes may be published, without names."""
    return votes >= CONTENTS_FROM

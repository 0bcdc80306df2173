"""Rules of a ballot: when it takes votes, who may vote and why not, how a vote is written down, what may be shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from membership.ballots.ways import NotAnOption, NothingChosen, Way
from membership.refusals import N_, Refused

__all__ = ["NotAnOption", "NothingChosen"]

TITLE_LENGTH = (5, 140)
QUESTION_LENGTH = (10, 2000)
OPTIONS = (2, 40)
MOST_DAYS = 1000
REASON_LEAST = 5
BATCH = 10
"""Votes are sealed into the public log among at least so many."""
CONTENTS_FROM = 20
"""From so many votes on the single votes are published, without names; below, only totals and codes."""
ROUNDED_TO = 10
"""While a ballot is open, turnout is shown in tens, and so is the make-up of its roll."""
TURNOUT_EVERY = timedelta(hours=1)
"""While a ballot is open, what everybody is told of its turnout changes so often: nobody watches a vote arrive."""


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
    RULED_OUT = "ruled_out"
    JOINS_LATE = "joins_late"
    WITHDRAWN_MONEY = "withdrawn_money"
    WILL_BE_ON_ROLL = "will_be_on_roll"
    WILL_BE_RULED_OUT = "will_be_ruled_out"
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
        "You are not on the roll of this ballot, which was drawn up when it opened. Its page says by which rule, and what "
        "stood against it."
    )


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


class OnAnotherBallot(Refused):
    """One topic is asked about on one ballot at a time: it cannot be promised twice."""

    field = "topics"
    words = N_("“%(title)s” stands on another ballot that is announced or open. Please leave it out here.")


class AlreadyPromised(Refused):
    """What is owed already need not be voted on."""

    field = "topics"
    words = N_("“%(title)s” has been promised already. Please leave it out here.")


class SeatsDoNotFit(Refused):
    """As many places as topics leave nothing to vote about."""

    field = "seats"
    words = N_("There must be at least one place, and fewer places than topics.")


class OnePlaceIsNotShared(Refused):
    """Fair shares of one place."""

    field = "seats"
    words = N_("Fair shares need several places: with one, the most ticks decide.")


class StarsFillOnePlace(Refused):
    """STAR is a method for one winner."""

    field = "seats"
    words = N_("Stars choose one topic. For several places choose another way to ask.")


class CostMissing(Refused):
    """Sharing days needs to know what each topic takes."""

    field = "topics"
    words = N_("Please write beside each chosen topic how many days it takes (1 to %(most)s).")


class BudgetDoesNotFit(Refused):
    """Days for everything, or for nothing."""

    field = "budget"
    words = N_("The days to share must be enough for at least one topic, and fewer than all of them take together.")


class CannotExtend(Refused):
    """What is over stays over."""

    status = 409
    words = N_("This ballot is not open; its closing time stands.")
    later = N_("A ballot can only be extended: please choose a time after its closing time.")


class NoticeMissing(Refused):
    """Votes are in: whoever cast one may read why the rules move."""

    field = "public_notice"
    words = N_("Votes have been cast already. Please write a notice that everybody may read.")


class CannotWithdraw(Refused):
    """A ballot needs a choice."""

    status = 409
    words = N_(
        "A topic can be withdrawn while the ballot is open and at least two others stand. Otherwise cancel the ballot."
    )


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


class OneOfTheTeam(Refused):
    """Who runs a ballot does not observe it."""

    field = "email"
    words = N_("This is somebody of the team. Please name people outside of it.")


class CannotChange(Refused):
    """What has opened stands."""

    status = 409
    words = N_("This ballot has opened, or is over: what was announced can be changed only before the opening.")


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


def may_vote(
    *, now: Phase, on_roll: bool, voted: bool, why: str, money_back: bool = False, takes_late: bool = False
) -> MayVote:
    """What to tell a reader. `why` is what the ballot's rule says of them at this moment (`eligibility.Verdict.why`).

    `money_back`: what carried their line was refunded or disputed since. `takes_late`: late joiners are still to be added.
    """
    fits, stands = why == "on", why != "no_standing"
    if now is Phase.COMING:
        if fits:
            return MayVote.WILL_BE_ON_ROLL
        return MayVote.WILL_BE_RULED_OUT if stands else MayVote.WILL_NOT_BE_ON_ROLL
    if now is Phase.OPEN:
        if on_roll:
            return MayVote.WITHDRAWN_MONEY if money_back else MayVote.VOTED if voted else MayVote.MAY
        if fits:
            return MayVote.JOINS_LATE if takes_late else MayVote.JOINED_LATER
        return MayVote.RULED_OUT if stands else MayVote.NO_STANDING
    if not on_roll:
        return MayVote.WAS_NOT_ON_ROLL
    return MayVote.TOOK_PART if voted else MayVote.DID_NOT_TAKE_PART


def check_draft(
    *, title: str, question: str, options: int, way: str, seats: int, quorum: int, costs: Sequence[int | None],
    budget: int | None, opens_at: datetime, closes_at: datetime, at: datetime,
) -> None:  # fmt: skip
    """Whether a ballot can be announced like this. Raises the refusal that belongs to the field that is wrong."""
    if not TITLE_LENGTH[0] <= len(title) <= TITLE_LENGTH[1]:
        raise TitleMissing(least=TITLE_LENGTH[0], most=TITLE_LENGTH[1])
    if not QUESTION_LENGTH[0] <= len(question) <= QUESTION_LENGTH[1]:
        raise QuestionMissing(most=QUESTION_LENGTH[1])
    check_options(options)
    if way in (Way.DAYS, Way.FAIR_DAYS):
        check_budget(costs, budget)
    elif not 1 <= seats < options:
        raise SeatsDoNotFit()
    elif way in (Way.FAIR, Way.EQUAL) and seats == 1:
        raise OnePlaceIsNotShared()
    elif way == Way.STARS and seats > 1:
        raise StarsFillOnePlace()
    if not 0 <= quorum <= 10_000_000:
        raise QuorumDoesNotFit()
    if closes_at <= max(opens_at, at):
        raise ClosesTooEarly()


def check_budget(costs: Sequence[int | None], budget: int | None) -> None:
    """Days of reporting: something to share, each topic with its cost, and not enough for all of them.

    Raises `CostMissing`, `BudgetDoesNotFit`.
    """
    if any(cost is None or not 1 <= cost <= MOST_DAYS for cost in costs):
        raise CostMissing(most=MOST_DAYS)
    known = [cost for cost in costs if cost]
    if budget is None or not min(known, default=1) <= budget < sum(known):
        raise BudgetDoesNotFit()


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


def shares_of_roll(roll_by: Mapping[str, int]) -> list[tuple[str, int]]:
    """How many of a roll came by each source, the most first: down to tens, 0 for fewer than ten, nothing for none."""
    found = sorted(roll_by.items(), key=lambda one: (-one[1], one[0]))
    return [(source, rounded(number)) for source, number in found if number]


def publishes_contents(by_weight: Iterable[int]) -> bool:
    """Whether single votes may be published, without names. `by_weight`: how many votes there are of each weight."""
    return min(by_weight, default=0) >= CONTENTS_FROM


def check_extension(*, status: str, closes_at: datetime, to: datetime, voted: int, notice: str, at: datetime) -> None:
    """An open ballot may close later: before any vote as the editor likes, afterwards with a public notice.

    Raises `CannotExtend`, `ClosesTooEarly`, `NoticeMissing`.
    """
    if phase(status=status, closes_at=closes_at, at=at) is not Phase.OPEN:
        raise CannotExtend()
    if to <= closes_at:
        raise ClosesTooEarly(words=CannotExtend.later)
    if voted and len(notice) < REASON_LEAST:
        raise NoticeMissing()


def check_withdrawal(*, status: str, closes_at: datetime, left: int, reason: str, at: datetime) -> None:
    """An option of an open ballot may be struck out with a public reason while at least two others stand.

    Raises `CannotWithdraw`, `ReasonMissing`.
    """
    if phase(status=status, closes_at=closes_at, at=at) is not Phase.OPEN or left < OPTIONS[0]:
        raise CannotWithdraw()
    if len(reason) < REASON_LEAST:
        raise ReasonMissing()

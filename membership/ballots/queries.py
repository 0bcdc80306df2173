"""Questions about ballots, and the one gate through which everything that shows a result passes.

`result_of`, `published_votes`, `published_log` and `receipt` are that gate: no page, file, letter or embed reads the urn
by another way, and the gate opens only when the ballot is counted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from membership.ballots import befallen, roll, rules, ways
from membership.ballots.befallen import Befallen
from membership.ballots.eligibility import Verdict, rule_of
from membership.ballots.models import Ballot, BallotOption, BallotRoll
from membership.ballots.rules import MayVote, Phase
from membership.ballots.urn import BallotLog, BallotPending, Vote
from membership.topics.models import Topic


@dataclass(frozen=True)
class OptionResult:
    """One option's place in the result: `votes` in the first round (ticks, first choices, or stars); `share` in whole
    percent of all votes or of the most stars there could be."""

    position: int
    title: str
    votes: int
    share: int
    won: bool
    cost: int | None = None


@dataclass(frozen=True)
class BrokenTie:
    """A tie that mattered, by the options' titles, and the step that broke it."""

    titles: list[str]
    favoured: list[str]
    round: int
    step: str


@dataclass(frozen=True)
class Result:
    """What was counted. `binding` is False below the quorum and for an empty urn; `plain` is the whole result as kept."""

    votes: int
    roll: int
    voted: int
    quorum: int
    seats: int
    binding: bool
    winners: list[int]
    options: list[OptionResult]
    ties: list[BrokenTie]
    method: str
    plain: dict[str, Any]

    @property
    def turnout(self) -> int:
        """How many of those on the roll voted, in whole percent."""
        return (200 * self.voted + self.roll) // (2 * self.roll) if self.roll else 0


@dataclass(frozen=True)
class Turnout:
    """How many of how many. While the ballot is open `voted` is in tens, as it was at `told_at`, and `exact` is False."""

    voted: int
    roll: int
    exact: bool
    told_at: datetime | None = None


@dataclass(frozen=True)
class Receipt:
    """What a code shows to whoever holds it. `state`: counted, in_urn, replaced, withdrawn, struck, unknown; `chosen` once
    published: titles, with their rank or stars."""

    state: str
    chosen: list[tuple[str, int | None]]


def ballot_at(session: Session, slug: str) -> Ballot | None:
    """The ballot at an address."""
    return session.execute(select(Ballot).where(Ballot.slug == slug)).scalar_one_or_none()


def ballot_by_id(session: Session, ballot_id: int, *, lock: bool = False) -> Ballot | None:
    """A ballot by its number; `lock` holds its row against votes and other changes until the commit."""
    statement = select(Ballot).where(Ballot.id == ballot_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.execute(statement).scalar_one_or_none()


def ballot_for_sealing(session: Session, ballot_id: int) -> Ballot | None:
    """A ballot, held so that nobody else writes its log; votes go on beside it."""
    statement = select(Ballot).where(Ballot.id == ballot_id).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()


_OPTIONS = select(BallotOption).where(BallotOption.ballot_id == bindparam("ballot")).order_by(BallotOption.position)


def listed(session: Session, *statuses: str) -> list[Ballot]:
    """The ballots in these states, those that close last first."""
    statement = select(Ballot).where(Ballot.status.in_(statuses)).order_by(Ballot.closes_at.desc(), Ballot.id.desc())
    return list(session.execute(statement).scalars())


def open_ballots(session: Session, at: datetime) -> list[Ballot]:
    """The ballots that take votes at this moment, those that close first first."""
    statement = select(Ballot).where(Ballot.status == "open", Ballot.closes_at > at)
    return list(session.execute(statement.order_by(Ballot.closes_at, Ballot.id)).scalars())


def options_of(session: Session, ballot_id: int) -> list[BallotOption]:
    """A ballot's options in their fixed order."""
    return list(session.execute(_OPTIONS, {"ballot": ballot_id}).scalars())


def asked_elsewhere(session: Session, ballot_id: int | None) -> set[int]:
    """The topics that stand on ballots which are announced or open, this one apart."""
    statement = select(BallotOption.topic_id).join(Ballot, Ballot.id == BallotOption.ballot_id)
    statement = statement.where(Ballot.status.in_(("draft", "open")), BallotOption.withdrawn_at.is_(None))
    return set(session.scalars(statement.where(Ballot.id != ballot_id) if ballot_id else statement))


def topic_addresses(session: Session, ballot_id: int) -> dict[int, str]:
    """Where to read about each option, by position."""
    statement = select(BallotOption.position, Topic.slug).join(Topic, Topic.id == BallotOption.topic_id)
    rows = session.execute(statement.where(BallotOption.ballot_id == ballot_id))
    return {row.position: f"/topics/{row.slug}" for row in rows}


def phase_of(ballot: Ballot, at: datetime) -> Phase:
    """Where a ballot stands by the clock."""
    return rules.phase(status=ballot.status, closes_at=ballot.closes_at, at=at)


def roll_line(session: Session, ballot_id: int, reader_id: int) -> BallotRoll | None:
    """A reader's line on the roll, with the reason."""
    return session.get(BallotRoll, (ballot_id, reader_id))


@dataclass(frozen=True)
class Right:
    """Whether a reader may vote, and why: their line on the roll if there is one, and what the rule says of them now."""

    may: MayVote
    line: BallotRoll | None
    verdict: Verdict


def right_of(session: Session, ballot: Ballot, reader_id: int, at: datetime) -> Right:
    """The one place that explains whether this reader may vote on this ballot, or why not."""
    line = roll_line(session, ballot.id, reader_id)
    verdict = roll.verdict_on(session, ballot, reader_id, at=at)
    now = phase_of(ballot, at)
    takes_late = rule_of(ballot.rule).late_hours is not None and ballot.late_roll_at is None
    back = line is not None and (line.struck or (now is Phase.OPEN and bool(roll.money_back(session, [line]))))
    may = rules.may_vote(
        now=now, on_roll=line is not None, voted=line is not None and line.voted, why=verdict.why, money_back=back,
        takes_late=takes_late,
    )  # fmt: skip
    return Right(may, line, verdict)


def may_vote(session: Session, ballot: Ballot, reader_id: int, at: datetime) -> MayVote:
    """Whether this reader may vote on this ballot, or why not."""
    return right_of(session, ballot, reader_id, at).may


def turnout(ballot: Ballot) -> Turnout:
    """How many took part: while the ballot is not counted in tens and as it was an hour ago, for staff like for everybody."""
    if ballot.status == "final":
        result = result_of(ballot)
        return Turnout(result.voted, result.roll, exact=True)
    on_roll = sum((ballot.roll_by or {}).values())
    return Turnout(ballot.turnout_told, on_roll, exact=False, told_at=ballot.turnout_told_at)


def voted_by_now(session: Session, ballot_id: int) -> int:
    """How many of the roll have voted: for the rules and for what is told each hour, never for a page."""
    voted = (BallotRoll.ballot_id == ballot_id, BallotRoll.voted)
    return session.execute(select(func.count()).select_from(BallotRoll).where(*voted)).scalar_one()


# The gate.


def result_of(ballot: Ballot) -> Result:
    """What was counted. Raises `NotCountedYet` before the close."""
    plain = json.loads(_result_text(ballot))
    titles = dict(plain["options"])
    first = plain["rounds"][0]["tally"] if plain["rounds"] else {}
    tally = {int(position): Fraction(votes) for position, votes in first.items()}
    winners = plain["winners"]
    line = sorted(tally, key=lambda position: (position not in winners, -tally[position], position))
    whole = sum(Fraction(number) * int(weight) for weight, number in (plain.get("by_weight") or {}).items())
    whole = (whole or plain["votes"]) * (ways.MOST_STARS if plain["method"] == "star" else 1)
    costs = plain.get("costs") or {}
    return Result(
        votes=plain["votes"],
        roll=plain["roll"],
        voted=plain["voted"],
        quorum=plain["quorum"],
        seats=plain["seats"],
        binding=plain["binding"],
        winners=winners,
        options=[
            OptionResult(
                position, titles[position], int(tally[position]), round(100 * tally[position] / whole) if whole else 0,
                position in winners, costs.get(str(position)),
            )
            for position in line
        ],
        ties=[
            BrokenTie(
                [titles[one] for one in tie["options"]], [titles[one] for one in tie["favoured"]], tie["round"], tie["step"]
            )
            for tie in plain["ties"]
        ],
        method=plain["method"],
        plain=plain,
    )  # fmt: skip


def roll_of(ballot: Ballot) -> Select[int, bool]:
    """Who stood on the roll of a counted ballot and whether they took part, never for what: to be counted, not to be shown.
    Who was struck from it stands in neither. Raises `NotCountedYet` before the close."""
    _result_text(ballot)
    mine = (BallotRoll.ballot_id == ballot.id, ~BallotRoll.struck)
    return select(BallotRoll.reader_id, BallotRoll.voted).where(*mine)


def shows_contents(result: Result) -> bool:
    """Whether single votes are published: not below twenty votes, nor below twenty of one weight."""
    by_weight = result.plain.get("by_weight")
    return rules.publishes_contents(by_weight.values() if by_weight else [result.votes])


def published_votes(session: Session, ballot: Ballot) -> list[tuple[str, str | None, int]]:
    """Every counted vote as (code, content, weight), in the order of the codes; without contents below twenty votes."""
    shown = shows_contents(result_of(ballot))
    statement = select(Vote.code, Vote.content, Vote.weight).where(Vote.ballot_id == ballot.id).order_by(Vote.code)
    return [
        (row.code, row.content if shown else None, row.weight if shown else 1) for row in session.execute(statement)
    ]


def published_log(session: Session, ballot: Ballot, *, after: int = 0, most: int | None = None) -> list[BallotLog]:
    """The log's lines behind line `after`, so many at most. Raises `NotCountedYet` before the close."""
    _result_text(ballot)
    statement = select(BallotLog).where(BallotLog.ballot_id == ballot.id, BallotLog.seq > after)
    return list(session.execute(statement.order_by(BallotLog.seq).limit(most)).scalars())


BEFALLEN = ("announced", "changed", "opened", "extended", "option withdrawn", "late joiners", "closed", "cancelled")
"""What befalls a ballot itself: these lines of its log are public from the first minute, those of votes after the close."""


def what_befell(session: Session, ballot_id: int) -> list[Befallen]:
    """The lines of the log about the ballot itself."""
    statement = select(BallotLog.event, BallotLog.code).where(
        BallotLog.ballot_id == ballot_id, BallotLog.event.in_(BEFALLEN)
    )
    return [befallen.read(row.event, row.code) for row in session.execute(statement.order_by(BallotLog.seq))]


def receipt(session: Session, ballot: Ballot, code: str) -> Receipt:
    """What a receipt code stands for. What was chosen is shown only once the votes are published."""
    content = session.execute(
        select(Vote.content).where(Vote.ballot_id == ballot.id, Vote.code == code)
    ).scalar_one_or_none()
    if content is None:
        return Receipt(_taken_out(session, ballot.id, code) or "unknown", [])
    if ballot.status != "final":
        return Receipt("in_urn", [])
    result = result_of(ballot)
    if not shows_contents(result):
        return Receipt("counted", [])
    titles = dict(result.plain["options"])
    lines = ways.chosen(content, ballot.method, titles)
    return Receipt("counted", [(titles[one.position], one.number) for one in lines])


def _taken_out(session: Session, ballot_id: int, code: str) -> str | None:
    """What happened to a vote that is no longer there: replaced, withdrawn or struck."""
    for table in (BallotPending, BallotLog):
        statement = select(table.event).where(table.ballot_id == ballot_id, table.code == code, table.event != "cast")
        event = session.execute(statement.limit(1)).scalar_one_or_none()
        if event is not None:
            return event
    return None


def _result_text(ballot: Ballot) -> str:
    if ballot.status != "final" or ballot.result is None:
        raise rules.NotCountedYet()
    return ballot.result


@dataclass(frozen=True)
class RollLine:
    """A ballot on whose roll somebody stands, and whether they voted: never what."""

    slug: str
    title: str
    voted: bool


def rolls_of(session: Session, reader_id: int) -> list[RollLine]:
    """The ballots in which a reader may or might have voted, the newest first."""
    statement = (
        select(Ballot.slug, Ballot.title, BallotRoll.voted)
        .join(BallotRoll, BallotRoll.ballot_id == Ballot.id)
        .where(BallotRoll.reader_id == reader_id)
        .order_by(Ballot.id.desc())
    )
    return [RollLine(*row) for row in session.execute(statement)]

"""The report `topics`: how many take part, what became of what they chose, and whether those who took part stay.

Of a ballot's contents nothing is read but its result, and of an open one only what everybody is told.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext, ngettext
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot
from membership.ballots.queries import turnout
from membership.ballots.rules import ROUNDED_TO
from membership.promises.models import Promise, PromiseStep
from membership.reports.charts import rows as bars
from membership.reports.churn import rate
from membership.reports.frame import HIDDEN, Asked, Drawing, Heading, Link, Part
from membership.reports.pictures import percent
from membership.reports.promise_rules import Outcome, middle, outcome, tells
from membership.reports.rules import begin_of, month_later
from membership.reports.staying import HORIZONS, stays

DRAWN = 12
WHOSE = ("voted", "not", "answered", "unchosen")


@dataclass(frozen=True)
class Answer:
    """A promise with its ballot, its first promised day, and how many days after the vote its story came."""

    promise: Promise
    ballot: Ballot
    voted_on: date
    first_due: date | None
    out_on: date | None
    outcome: Outcome

    @property
    def days(self) -> int | None:
        """From the close of the vote to the story."""
        return (self.out_on - self.voted_on).days if self.out_on else None


def topics(session: Session, asked: Asked) -> list[Part]:
    """Turnout, promises in sum, each promise, and who stayed."""
    begin, end = begin_of(asked.since, asked.zone), begin_of(month_later(asked.until, 1), asked.zone)
    told = answers(session, asked, Ballot.closes_at >= begin, Ballot.closes_at < end)
    return [
        _ballots(session, asked, begin, end),
        _outcomes(told),
        _answers(told),
        _stays(session, asked, begin, end),
    ]


def day_of(moment: datetime, asked: Asked) -> date:
    """By the newsroom's calendar."""
    return moment.astimezone(ZoneInfo(asked.zone)).date()


def answers(session: Session, asked: Asked, *conditions: Any) -> list[Answer]:
    """Promises with their ballots, by the close of the vote."""
    dated = select(func.min(PromiseStep.id)).where(PromiseStep.kind == "dated").group_by(PromiseStep.promise_id)
    firsts = {
        step.promise_id: step.day for step in session.scalars(select(PromiseStep).where(PromiseStep.id.in_(dated)))
    }  # fmt: skip
    statement = select(Promise, Ballot).join(Ballot, Ballot.id == Promise.ballot_id).where(*conditions)
    found = []
    for promise, ballot in session.execute(statement.order_by(Ballot.closes_at, Promise.id)):
        closed = day_of(promise.closed_at, asked) if promise.closed_at else None
        out_on = closed if promise.state == "published" else None
        first = firsts.get(promise.id)
        what = outcome(state=promise.state, first_due=first, out_on=out_on, today=day_of(asked.at, asked))
        found.append(Answer(promise, ballot, day_of(ballot.closes_at, asked), first, out_on, what))
    return found


def _ballots(session: Session, asked: Asked, begin: datetime, end: datetime) -> Part:
    shown = or_(
        (Ballot.status == "final") & (Ballot.closes_at >= begin) & (Ballot.closes_at < end),
        (Ballot.status == "open") & (Ballot.opens_at < end) & (Ballot.closes_at >= begin),
    )
    rows: list[tuple[Any, ...]] = []
    for ballot in session.scalars(select(Ballot).where(shown).order_by(Ballot.closes_at, Ballot.id)):
        told = turnout(ballot)
        on_roll = told.roll if told.exact else told.roll // ROUNDED_TO * ROUNDED_TO
        rows.append(
            (Link(ballot.title, f"/ballots/{ballot.slug}"), ballot.slug, _status(ballot), ballot.status,
             day_of(ballot.opens_at, asked), day_of(ballot.closes_at, asked), on_roll,
             told.voted if told.exact or told.voted else None, rate(told.voted, told.roll) if told.exact else None)
        )  # fmt: skip
    return Part(
        "ballots",
        gettext("Who took part"),
        gettext(
            "Ballots that closed in these months, and those that are open. Turnout is the share of those on the roll who"
            " voted. Of an open ballot only what everybody is told stands here: both numbers rounded down to tens, turnout"
            " as it was within the last hour. Which topic somebody chose is known to nobody."
        ),
        (
            Heading("title", gettext("Ballot"), "text"),
            Heading("ballot", "", "text", only="file"),
            Heading("status_words", gettext("State"), "text", only="page"),
            Heading("status", "", "text", only="file"),
            Heading("opened", gettext("Opened"), "day"),
            Heading("closes", gettext("Closes"), "day"),
            Heading("roll", gettext("On the roll"), "people"),
            Heading("voted", gettext("Voted"), "people"),
            Heading("turnout", gettext("Turnout"), "rate"),
        ),
        tuple(rows),
        lambda: _turnout_drawn(rows),
    )


def _status(ballot: Ballot) -> str:
    return gettext("counted") if ballot.status == "final" else gettext("open or being counted")


def _turnout_drawn(rows: list[tuple[Any, ...]]) -> list[Drawing]:
    counted = [row for row in rows if row[-1] is not None][-DRAWN:]
    points = [(row[0].words, round(row[-1] * 10_000), percent(row[-1]), False) for row in counted]
    told = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
    return [Drawing("turnout", gettext("Turnout by ballot"), told, rows=tuple(bars(points)))] if points else []


def outcome_words(what: Outcome) -> str:
    """For people."""
    return {
        Outcome.KEPT: gettext("Kept in time"),
        Outcome.LATE: gettext("Kept, but late"),
        Outcome.UNDER_WAY: gettext("Under way"),
        Outcome.OVERDUE: gettext("Overdue"),
        Outcome.DECLINED: gettext("Given up, with a reason"),
    }[what]


def _outcomes(told: list[Answer]) -> Part:
    rows = []
    for what in Outcome:
        mine = [one for one in told if one.outcome is what]
        days = [one.days for one in mine if one.days is not None]
        rows.append((outcome_words(what), str(what), len(mine), middle(days), max(days, default=None)))
    every = [one.days for one in told if one.days is not None]
    rows.append((gettext("All promises"), "all", len(told), middle(every), max(every, default=None)))
    return Part(
        "promises",
        gettext("What became of what was chosen"),
        gettext(
            "Promises of ballots that closed in these months. Kept in time: the story was out by the first day that was"
            " promised; moving the day later does not make it in time. Overdue: that first day has passed and the story is"
            " not out. Days are counted from the close of the vote to the story; the middle one is the median (of two in the"
            " middle, the smaller)."
        ),
        (
            Heading("words", gettext("What became of it"), "text", only="page"),
            Heading("outcome", "", "text", only="file"),
            Heading("promises", gettext("Promises"), "count"),
            Heading("median_days", gettext("Days, the middle one"), "count"),
            Heading("longest_days", gettext("Days, the longest"), "count"),
        ),
        tuple(rows) if told else (),
        lambda: _outcomes_drawn(rows[:-1]),
    )


def _outcomes_drawn(rows: list[tuple[Any, ...]]) -> list[Drawing]:
    points = [(row[0], row[2], str(row[2]), row[1] in ("late", "overdue", "declined")) for row in rows]
    told = ", ".join(f"{row[0]}: {row[2]}" for row in rows)
    return [Drawing("promises", gettext("Promises, by what became of them"), told, rows=tuple(bars(points)))]


def _answers(told: list[Answer]) -> Part:
    rows = tuple(
        (Link(one.promise.title, f"/promises#promise-{one.promise.id}"), one.ballot.title, outcome_words(one.outcome),
         str(one.outcome), one.voted_on, one.first_due, one.promise.due_on, one.out_on, one.days)
        for one in told
    )  # fmt: skip
    return Part(
        "answers",
        gettext("From the vote to the story"),
        gettext("Each promise by itself. Without a promised day nobody has taken it up yet."),
        (
            Heading("topic", gettext("Topic"), "text"),
            Heading("ballot", gettext("Ballot"), "text"),
            Heading("words", gettext("What became of it"), "text", only="page"),
            Heading("outcome", "", "text", only="file"),
            Heading("voted_on", gettext("Vote closed"), "day"),
            Heading("first_due", gettext("First promised for"), "day"),
            Heading("due", gettext("Promised for"), "day"),
            Heading("out_on", gettext("Story out"), "day"),
            Heading("days", gettext("Days"), "count"),
        ),
        rows,
        lambda: _days_drawn(told),
        most=50,
    )


def _days_drawn(told: list[Answer]) -> list[Drawing]:
    waited = [(one, one.days) for one in told if one.days is not None][-DRAWN:]
    points = [
        (one.promise.title, days, ngettext("%(num)s day", "%(num)s days", days), one.outcome is Outcome.LATE)
        for one, days in waited
    ]  # fmt: skip
    desc = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
    title = gettext("Days from the vote to the story (late ones in the second colour)")
    return [Drawing("days", title, desc, rows=tuple(bars(points)))] if points else []


def whose_words(whose: str) -> str:
    """For people."""
    return {
        "voted": gettext("Took part in a ballot"),
        "not": gettext("Could have taken part, and did not"),
        "answered": gettext("Proposed or supported a topic that became a story"),
        "unchosen": gettext("Proposed or supported a topic that was not chosen"),
    }[whose]


def _stays(session: Session, asked: Asked, begin: datetime, end: datetime) -> Part:
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for one in stays(session, since=begin, until=end, at=asked.at):
        both = sums[one.whose, one.months]
        both[0], both[1] = both[0] + one.people, both[1] + one.stayed
    rows = tuple(
        (whose_words(whose), whose, months, *_veiled(sums, whose, months))
        for months in HORIZONS
        for whose in WHOSE
        if sums[whose, months][0]
    )
    return Part(
        "stays",
        gettext("Do those who take part stay?"),
        gettext(
            "Of those on the rolls of these months' ballots who were members of their own at the close (who holds a gift or"
            " a seat is not asked), which share were members so many months later; who pauses is one. Of proposals: from"
            " the day of the story, or of the close in which the topic was not chosen. Who was in two ballots counts in"
            " each. The roll says that somebody voted, never for what; and so that nobody learns that of anybody, people"
            " are rounded down to tens, shares to a percent, and a line is told to nobody in which fewer than five stayed"
            " or fewer than five left (of those who took part and those who did not, then neither). That more of them stay"
            " does not prove that they stay because of it: who takes part may be fonder of you anyway."
        ),
        (
            Heading("words", gettext("Who"), "text", only="page"),
            Heading("whose", "", "text", only="file"),
            Heading("months", gettext("Months later"), "text"),
            Heading("people", gettext("People, about"), "count"),
            Heading("share", gettext("Still members"), "rate"),
        ),
        rows,
        lambda: _stays_drawn(rows),
    )


def _veiled(sums: dict[tuple[str, int], list[int]], whose: str, months: int) -> tuple[Any, ...]:
    """People and share as they may be told: whoever knows who left must not learn from it whether they had voted."""
    both = ("voted", "not") if whose in ("voted", "not") else (whose,)
    numbers = [tuple(sums[one, months]) for one in both]
    if any(people and not tells(people, stayed) for people, stayed in numbers):
        return HIDDEN, HIDDEN
    people, stayed = sums[whose, months]
    return people // ROUNDED_TO * ROUNDED_TO, Fraction((200 * stayed + people) // (2 * people), 100)


def _stays_drawn(rows: tuple[tuple[Any, ...], ...]) -> list[Drawing]:
    points = [
        (gettext("%(who)s, months later: %(months)s", who=row[0], months=row[2]), round(row[4] * 100), percent(row[4]),
         row[1] in ("not", "unchosen"))
        for row in rows
        if row[4] is not HIDDEN
    ]  # fmt: skip
    told = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
    return (
        [Drawing("stays", gettext("Still members, some months later"), told, rows=tuple(bars(points)))]
        if points
        else []
    )

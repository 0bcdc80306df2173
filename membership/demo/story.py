"""What patrons asked for and decided: topics, a counted ballot with a kept promise and one under way, and an open ballot.

Told with the rooms' own actions, each at its time in the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.ballots import actions as ballots
from membership.ballots.models import Ballot, BallotRoll
from membership.demo.articles import NIGHT_BUS
from membership.promises import actions as promises
from membership.topics import actions as topics
from membership.topics.models import Topic

FIRST_OPENED = timedelta(days=75)
FIRST_CLOSED = timedelta(days=65)
SECOND_OPENED = timedelta(days=4)
SECOND_CLOSES = timedelta(days=5, hours=6)
PUBLISHED = timedelta(days=NIGHT_BUS.days_ago)
DUE_IN = timedelta(days=24)


@dataclass(frozen=True)
class Cast:
    """Who takes part: `patrons` may propose and support (reader ids), `spared` votes in nothing that is still open."""

    patrons: Sequence[int]
    spared: int
    editor: int


@dataclass(frozen=True)
class Asked:
    """A topic: `weight` is how much of the house stands behind it and ticks it, in percent."""

    title: str
    why: str
    weight: int
    days: int | None = None


FIRST_BALLOT = (
    Asked(
        "Who rides the last bus, and who would be left standing?",
        "The council wants to end the 23:20 because nobody takes it. My neighbour takes it every night. Could somebody get "
        "on and count?",
        62,
    ),
    Asked(
        "What becomes of the care home when the contract ends?",
        "The operator's contract for the house on Mill Lane ends next year. Eighty people live there, and their families "
        "hear nothing. Who decides, and when?",
        55,
    ),
    Asked(
        "Where does the estuary's recycling end up?",
        "Three towns share one contract. The lorries leave on Tuesdays, and the annual report says “exported” without "
        "saying where.",
        38,
    ),
    Asked(
        "What did the new theatre roof really cost?",
        "The sign on the scaffolding names one figure, the budget another. I should like to see the bills side by side.",
        24,
    ),
)
SECOND_BALLOT = (
    Asked(
        "Why do flats above the shops stand empty?",
        "I counted thirty-one dark floors in Chandler Street alone, while the waiting list for a flat is four years long.",
        46,
    ),
    Asked(
        "Who checks the checkers of the playgrounds?",
        "The same company builds them and inspects them. Is that usual, and what do other towns do?",
        33,
    ),
    Asked(
        "How safe is the crossing at the fish market?",
        "Two near misses this year that I saw myself. The police count accidents only when somebody is hurt.",
        41,
    ),
    Asked(
        "What would it take to swim in the inner harbour again?",
        "People swam there until the fifties. There must be measurements, and there must be a price.",
        57,
    ),
)
DAYS_BALLOT = (
    Asked(
        "How much of our tap water never arrives?",
        "The waterworks lose a fifth of it, my plumber says. The pipes under the old town are older than anybody's papers.",
        52,
        days=9,
    ),
    Asked(
        "Who still repairs things in this town?",
        "The last cobbler closes in spring. A map of everybody who mends shoes, clocks and bicycles would be of use to all.",
        44,
        days=4,
    ),
    Asked(
        "Where do the children of the new estate play?",
        "Two hundred flats, one sandpit. What was promised in the plans, and what was built?",
        39,
        days=6,
    ),
    Asked(
        "What happened to the night school?",
        "It had three hundred pupils once. I learned to read a balance sheet there, and would like to know why it shrank.",
        27,
        days=5,
    ),
)
DAYS_TO_SHARE = 15
OBSERVERS = (
    ("reading-circle@ferrowmouth.example", "The reading circle"),
    ("library@ferrowmouth.example", "The town library"),
)
PROPOSED = (
    Asked(
        "Which of our schools has a teacher for every class?",
        "Parents hear of cancelled lessons from their children. A list for the whole town would help everybody.",
        29,
    ),
    Asked(
        "What is the lighthouse fund doing with the money?",
        "There has been a collecting box in the museum for eleven years, and the lamp is still dark.",
        13,
    ),
)
DECLINED = Asked(
    "Print the names of everybody who parks on the quay",
    "Every morning the same twelve cars. People should know whose they are.",
    4,
)
UNCLEAR = Asked(
    "There is something wrong with the ferry tickets",
    "I paid two different prices in one week and nobody could tell me why.",
    8,
)


def tell_first(session: Session, cast: Cast, *, secret: str, at: datetime, chance: Random, story_url: str) -> Ballot:
    """The counted ballot with its two places: one promise kept, one in progress. The roll is drawn from the books as is."""
    asked = [
        _propose(session, cast, one, at=at - timedelta(days=110 - n), chance=chance)
        for n, one in enumerate(FIRST_BALLOT)
    ]
    for topic in asked:
        topics.accept(session, topic.id, by=cast.editor, at=at - timedelta(days=80))
    ballot = _open(
        session, cast, asked, secret=secret, opened=at - FIRST_OPENED, closes=at - FIRST_CLOSED, seats=2, way="ranks",
        title="Two questions for the autumn desk",
        question="Two reporters have time for two long stories. Which should they be? Rank them, your favourite first.",
    )  # fmt: skip
    _vote(
        session, ballot, FIRST_BALLOT, secret=secret, at=at - FIRST_CLOSED - timedelta(days=1), chance=chance, share=64
    )
    ballots.close_ballot(session, ballot.id, secret=secret, at=at - FIRST_CLOSED)
    made = {promise.topic_id: promise for promise in promises.make(session, ballot.id, at=at - FIRST_CLOSED)}
    dated = at - FIRST_CLOSED + timedelta(days=3)
    for topic, due in ((asked[0], at - PUBLISHED + timedelta(days=2)), (asked[1], at + DUE_IN)):
        promise = made[topic.id]
        promises.set_date(
            session, promise.id, editor_id=cast.editor, due_on=due.date(), by=cast.editor, at=dated
        )  # fmt: skip
    promises.publish(
        session,
        made[asked[0].id].id,
        url=story_url,
        title=NIGHT_BUS.title,
        by=cast.editor,
        at=at - PUBLISHED,
        tell=False,
    )
    return ballot


def tell_second(session: Session, cast: Cast, *, secret: str, at: datetime, chance: Random) -> Ballot:
    """The ballot that is open now, and the topics that wait."""
    asked = [
        _propose(session, cast, one, at=at - timedelta(days=40 - n), chance=chance)
        for n, one in enumerate(SECOND_BALLOT)
    ]
    for topic in asked:
        topics.accept(session, topic.id, by=cast.editor, at=at - timedelta(days=9))
    ballot = _open(
        session, cast, asked, secret=secret, opened=at - SECOND_OPENED, closes=at + SECOND_CLOSES, seats=1,
        title="What should we look into this winter?",
        question="Tick every topic that you would like us to take up. The one with the most ticks gets a reporter.",
    )  # fmt: skip
    _vote(
        session,
        ballot,
        SECOND_BALLOT,
        secret=secret,
        at=at - timedelta(hours=5),
        chance=chance,
        share=41,
        not_of=cast.spared,
    )
    _share_days(session, cast, secret=secret, at=at, chance=chance)
    return ballot


def _share_days(session: Session, cast: Cast, *, secret: str, at: datetime, chance: Random) -> None:
    """The other ballot that is open now: days of reporting, shared among topics that take so many each."""
    asked = [
        _propose(session, cast, one, at=at - timedelta(days=36 - n), chance=chance) for n, one in enumerate(DAYS_BALLOT)
    ]
    for topic in asked:
        topics.accept(session, topic.id, by=cast.editor, at=at - timedelta(days=8))
    ballot = _open(
        session, cast, asked, secret=secret, opened=at - SECOND_OPENED - timedelta(hours=3),
        closes=at + SECOND_CLOSES + timedelta(days=2),
        title="Fifteen days of reporting",
        question="Our local desk has fifteen days to give away in January. Which of these should it spend them on?",
        way="days", budget=DAYS_TO_SHARE,
        costs={topic.id: one.days for topic, one in zip(asked, DAYS_BALLOT, strict=True) if one.days},
    )  # fmt: skip
    _vote(
        session, ballot, DAYS_BALLOT, secret=secret, at=at - timedelta(hours=4), chance=chance, share=28,
        not_of=cast.spared,
    )  # fmt: skip


def tell_waiting(session: Session, cast: Cast, *, at: datetime, chance: Random) -> None:
    """Topics that nobody has put on a ballot yet, one that was declined, and one that needs facts."""
    for number, one in enumerate(PROPOSED):
        _propose(session, cast, one, at=at - timedelta(days=12 - number), chance=chance)
    declined = _propose(session, cast, DECLINED, at=at - timedelta(days=30), chance=chance)
    topics.decline(
        session, declined.id, by=cast.editor, at=at - timedelta(days=29),
        reason="We do not print private people's names for where they park. Who hands out the permits is a fair question, "
        "and we would gladly take that one.",
    )  # fmt: skip
    unclear = _propose(session, cast, UNCLEAR, at=at - timedelta(days=16), chance=chance)
    topics.ask_for_facts(
        session, unclear.id, by=cast.editor, at=at - timedelta(days=15),
        reason="Please send us the two tickets, or tell us the days and the lines; then we can ask the ferry company.",
    )  # fmt: skip


def _propose(session: Session, cast: Cast, asked: Asked, *, at: datetime, chance: Random) -> Topic:
    proposer, *rest = chance.sample(list(cast.patrons), 1 + len(cast.patrons) * asked.weight // 200)
    topic = topics.propose(
        session, reader_id=proposer, title=asked.title, why=asked.why, attempt=f"demo:{asked.title}", at=at
    )
    for number, reader_id in enumerate(rest):
        topics.support(session, topic.id, reader_id, at=at + timedelta(hours=2 + number))
    return topic


def _open(
    session: Session,
    cast: Cast,
    asked: Sequence[Topic],
    *,
    secret: str,
    opened: datetime,
    closes: datetime,
    title: str,
    question: str,
    **how: Any,
) -> Ballot:
    return ballots.announce(
        session, title=title, question=question, topic_ids=[topic.id for topic in asked], opens_at=opened,
        closes_at=closes, by=cast.editor, at=opened, attempt=f"demo:{title}", secret=secret, **how,
    )  # fmt: skip


def _vote(
    session: Session,
    ballot: Ballot,
    asked: Sequence[Asked],
    *,
    secret: str,
    at: datetime,
    chance: Random,
    share: int,
    not_of: int | None = None,
) -> None:
    """So many percent of the roll vote, each by what the story gives the topics."""
    roll = (
        session.execute(
            select(BallotRoll.reader_id).where(BallotRoll.ballot_id == ballot.id).order_by(BallotRoll.reader_id)
        )
        .scalars()
        .all()
    )
    for reader_id in roll:
        if reader_id == not_of or chance.random() * 100 >= share:
            continue
        choices = _ranking(asked, chance) if ballot.method in {"irv", "stv"} else _ticks(asked, ballot.budget, chance)
        ballots.cast(session, ballot.id, reader_id, choices, secret=secret, attempt=f"demo:{reader_id}", at=at)


def _ticks(asked: Sequence[Asked], budget: int | None, chance: Random) -> list[int]:
    """What one patron ticks; where days are shared, as far as they reach."""
    ticks = [position for position, one in enumerate(asked, start=1) if chance.random() * 100 < one.weight]
    while budget is not None and sum(asked[position - 1].days or 0 for position in ticks) > budget:
        ticks.remove(chance.choice(ticks))
    return ticks or [chance.randint(1, len(asked))]


def _ranking(asked: Sequence[Asked], chance: Random) -> list[int]:
    """How one patron ranks, and where they stop: what has more weight tends to come first."""
    line = sorted(range(1, len(asked) + 1), key=lambda position: -asked[position - 1].weight - chance.randint(0, 130))
    return line[: chance.randint(1, len(line))]

"""What the tests of ballots share: topics, an open ballot, and votes on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.ballots import actions
from membership.ballots.models import Ballot
from membership.readers.models import Person
from membership.topics import actions as topics
from tests import make

SECRET = "a secret for tests only, long enough"
HOUR = timedelta(hours=1)


def accepted_topics(session: Session, number: int, *, by: int, proposer: int, at: datetime) -> list[int]:
    """Topics that may be put on a ballot."""
    ids = []
    for one in range(1, number + 1):
        topic = topics.propose(
            session, reader_id=proposer, title=f"Harbour question {one}", why="It touches everybody who lives here.",
            attempt=f"attempt-{proposer}-{one}", at=at,
        )  # fmt: skip
        topics.accept(session, topic.id, by=by, at=at)
        ids.append(topic.id)
    return ids


def ballot(
    session: Session,
    *,
    options: int = 3,
    at: datetime | None = None,
    closes_at: datetime | None = None,
    seats: int = 1,
    quorum: int = 0,
    opened: bool = True,
) -> Ballot:
    """An open ballot on fresh topics; everybody in good standing by now is on its roll."""
    at = at or clock.now()
    editor = make.staff(session, "editor", name="Edda Sample")
    topic_ids = accepted_topics(session, options, by=editor.reader_id, proposer=editor.reader_id, at=at)
    made = actions.draft(
        session, title="What next?", question="What should we look into next?", topic_ids=topic_ids, opens_at=at,
        closes_at=closes_at or at + HOUR, by=editor.reader_id, at=at, attempt=f"ballot-{editor.reader_id}", seats=seats,
        quorum=quorum, secret=SECRET,
    )  # fmt: skip
    if opened:
        actions.open_ballot(session, made.id, secret=SECRET, at=at)
    session.commit()
    return made


def patrons(session: Session, number: int) -> list[Person]:
    """Patrons in good standing, all of one tier."""
    tier = make.tier(session)
    return [make.patron(session, tier_row=tier) for _ in range(number)]


def cast(session: Session, on: Ballot, who: Person, *choices: int, attempt: str = "first", at: datetime | None = None):
    """One vote."""
    at = at or clock.now()
    made = actions.cast(session, on.id, who.reader_id, choices, secret=SECRET, attempt=attempt, at=at)
    session.commit()
    return made


def close(session: Session, on: Ballot) -> None:
    """The close, at its time."""
    actions.close_ballot(session, on.id, secret=SECRET, at=on.closes_at)
    session.commit()

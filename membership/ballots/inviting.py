"""Letters to those on the roll: that a ballot is open, and once, before it closes, that no vote of theirs was cast.

Both have switches of their own (`ballots`, `closing`). They go along the readers' numbers, some at a time, each turn in a
transaction of its own; whose letter was written already gets no second one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot, BallotBegun, BallotRoll
from membership.ballots.queries import options_of
from membership.jobs.queue import post
from membership.mail.bounces import takes_letters
from membership.mail.many import LANE_NEWS, One, mailing, write_each
from membership.mail.writing import Recipient
from membership.readers.models import Person
from membership.readers.wishes import stop_address, wants

LETTERS_AT_ONCE = 50


def post_invitation(session: Session, ballot_id: int, *, at: datetime, after: int = 0) -> None:
    """Post the job that tells of a new ballot, beginning behind reader number `after`."""
    payload = {"ballot": ballot_id, "after": after}
    post(session, "ballots.invite", f"ballot:{ballot_id}:invite", payload, due_at=at)


def invite(session: Session, ballot_id: int, *, at: datetime, after: int = 0) -> None:
    """Tell the next of those on the roll that the ballot is open, and post the job for the rest."""
    ballot = session.get_one(Ballot, ballot_id)
    if ballot.status != "open" or at >= ballot.closes_at:
        return
    rows = _next(session, ballot_id, "ballots", after)
    values = {
        "ballot": ballot,
        "options": [one.title for one in options_of(session, ballot_id) if not one.withdrawn_at],
    }
    those = [_one(row, f"ballot-open:{ballot_id}:{row.reader_id}", "ballots", values) for row in rows]
    of = mailing(session, f"ballot:{ballot_id}:open", sort="ballots", lane=LANE_NEWS)
    write_each(session, of, "ballot_open", those, at=at)
    if len(rows) == LETTERS_AT_ONCE:
        post_invitation(session, ballot_id, at=at, after=rows[-1].reader_id)


def remind(session: Session, ballot_id: int, *, at: datetime, after: int = 0) -> None:
    """Tell the next of those on the roll whose vote was not cast that the ballot closes, and post the job for the rest. Who
    began to vote is told what is known of that."""
    ballot = session.get_one(Ballot, ballot_id)
    if ballot.status != "open" or at >= ballot.closes_at:
        return
    rows = _next(session, ballot_id, "closing", after)
    told: dict[str, list[One]] = {"vote_not_cast": [], "ballot_closing": []}
    for row in rows:
        values = {
            "title": ballot.title, "slug": ballot.slug, "closes_at": ballot.closes_at, "begun_at": row.begun_at,
            "signal": row.signal,
        }  # fmt: skip
        key = f"vote-not-cast:{ballot_id}:{row.reader_id}"
        told["vote_not_cast" if row.begun_at else "ballot_closing"].append(_one(row, key, "closing", values))
    of = mailing(session, f"ballot:{ballot_id}:closing", sort="closing", lane=LANE_NEWS)
    for kind, those in told.items():
        write_each(session, of, kind, those, at=at)
    if len(rows) == LETTERS_AT_ONCE:
        payload = {"ballot": ballot_id, "after": rows[-1].reader_id}
        key = f"ballot:{ballot_id}:remind:{ballot.closes_at.isoformat()}"
        post(session, "ballots.remind", key, payload, due_at=at)


def _next(session: Session, ballot_id: int, sort: str, after: int) -> list[Any]:
    """The next on the roll who want these letters; before the close only those who have not voted."""
    statement = (
        select(
            Person.reader_id, Person.email, Person.name, Person.language, BallotBegun.begun_at, BallotBegun.signal
        )
        .join(BallotRoll, BallotRoll.reader_id == Person.reader_id)
        .outerjoin(
            BallotBegun,
            (BallotBegun.ballot_id == BallotRoll.ballot_id) & (BallotBegun.reader_id == BallotRoll.reader_id),
        )
        .where(
            BallotRoll.ballot_id == ballot_id, BallotRoll.struck.is_(False), BallotRoll.voted.is_(False),
            Person.reader_id > after, wants(Person.reader_id, sort), takes_letters(Person.reader_id, Person.email),
        )
    )  # fmt: skip
    return list(session.execute(statement.order_by(Person.reader_id).limit(LETTERS_AT_ONCE)))


def _one(row: Any, key: str, sort: str, values: dict[str, Any]) -> One:
    to = Recipient(row.email, row.name, row.language, row.reader_id)
    return One(to, key, stop_address(row.reader_id, sort), values)

"""The public log of a ballot: a chain of lines, sealed in shuffled batches so that order inside a batch tells nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot
from membership.ballots.rules import BATCH
from membership.ballots.seals import chained
from membership.ballots.urn import BallotLog, BallotPending, Vote


def append(session: Session, ballot: Ballot, lines: Iterable[tuple[str, str]]) -> None:
    """Add (event, code) lines to the chain. The ballot's row must be held for update: one writer at a time."""
    rows = []
    for event, code in lines:
        seq, prev = ballot.log_length + 1, ballot.log_head
        ballot.log_head, ballot.log_length = chained(prev, seq, event, code), seq
        rows.append(
            {
                "ballot_id": ballot.id,
                "seq": seq,
                "event": event,
                "code": code,
                "prev": prev,
                "hash": ballot.log_head,
            }
        )
    if rows:
        session.execute(insert(BallotLog), rows)
        session.flush()


def seal_batch(session: Session, ballot: Ballot) -> int:
    """Seal what is waiting if at least ten different patrons are among it; returns how many lines were sealed.

    Somebody who changes their vote ten times is one patron, and waits for nine others.
    """
    statement = (
        select(func.count())
        .select_from(BallotPending)
        .join(Vote, (Vote.ballot_id == BallotPending.ballot_id) & (Vote.code == BallotPending.code))
        .where(BallotPending.ballot_id == ballot.id, BallotPending.event == "cast")
    )
    return seal_rest(session, ballot) if session.execute(statement).scalar_one() >= BATCH else 0


def seal_rest(session: Session, ballot: Ballot) -> int:
    """Seal everything that is waiting, however little: at the close."""
    statement = select(BallotPending.id, BallotPending.event, BallotPending.code)
    waiting = list(session.execute(statement.where(BallotPending.ballot_id == ballot.id)))
    secrets.SystemRandom().shuffle(waiting)
    append(session, ballot, [(row.event, row.code) for row in waiting])
    taken = [row.id for row in waiting]
    for start in range(0, len(taken), 500):
        some = BallotPending.id.in_(taken[start : start + 500])
        session.execute(delete(BallotPending).where(BallotPending.ballot_id == ballot.id, some))
    return len(waiting)

"""The public log of a ballot: a chain of lines, sealed in shuffled batches so that order inside a batch tells nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sqlalchemy import Row, delete, func, insert, select
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
    """Seal a part of what is waiting, drawn by lot, and leave ten patrons' lines waiting; returns how many were sealed.

    Nothing happens before twice ten different patrons wait, so that each batch holds ten, and whatever the close still
    seals is mixed with ten as well: the last voter stands among others. Somebody who votes again and again has one live
    code, and counts once.
    """
    waiting = _waiting(session, ballot)
    live = [row.id for row in waiting if row.live]
    if len(live) < 2 * BATCH:
        return 0
    staying = set(secrets.SystemRandom().sample(live, BATCH))
    return _seal(session, ballot, [row for row in waiting if row.id not in staying])


def seal_rest(session: Session, ballot: Ballot) -> int:
    """Seal everything that is waiting: at the close."""
    return _seal(session, ballot, _waiting(session, ballot))


def _waiting(session: Session, ballot: Ballot) -> list[Row[tuple[str, str, str, bool]]]:
    """The lines that are not sealed yet; `live` for the one line of each patron whose vote counts as it stands."""
    code_counts = Vote.code == BallotPending.code
    statement = (
        select(
            BallotPending.id,
            BallotPending.event,
            BallotPending.code,
            Vote.code.is_not(None).label("counts"),
            func.row_number().over(partition_by=[BallotPending.code, BallotPending.event]).label("nth"),
        )
        .outerjoin(Vote, (Vote.ballot_id == BallotPending.ballot_id) & code_counts)
        .where(BallotPending.ballot_id == ballot.id)
    ).subquery()
    first = (statement.c.event == "cast") & statement.c.counts & (statement.c.nth == 1)
    rows = select(statement.c.id, statement.c.event, statement.c.code, first.label("live")).order_by(statement.c.id)
    return list(session.execute(rows))


def _seal(session: Session, ballot: Ballot, rows: list[Row[tuple[str, str, str, bool]]]) -> int:
    secrets.SystemRandom().shuffle(rows)
    append(session, ballot, [(row.event, row.code) for row in rows])
    taken = [row.id for row in rows]
    for start in range(0, len(taken), 500):
        some = BallotPending.id.in_(taken[start : start + 500])
        session.execute(delete(BallotPending).where(BallotPending.ballot_id == ballot.id, some))
    return len(rows)

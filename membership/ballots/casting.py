"""Casting a vote: the roll says who may, the urn keeps what, and nothing keeps both. Prepared statements: a hot path.

Votes run beside each other: each holds the ballot's row shared (so that it cannot be closed meanwhile) and its own line of
the roll alone (so that one patron's two clicks queue). The unique key of the urn is the last word on one vote each.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from membership.ballots import rules, seals, ways
from membership.ballots.models import Ballot, BallotBegun, BallotOption, BallotRoll
from membership.ballots.urn import BallotPending, BallotSeal, Vote
from membership.db import insert_once
from membership.mail.writing import Recipient, write
from membership.readers.queries import person
from membership.refusals import NotFound

_BALLOT = (
    select(
        Ballot.id, Ballot.slug, Ballot.title, Ballot.status, Ballot.closes_at, Ballot.method, Ballot.max_rank,
        Ballot.budget, BallotSeal.key.label("sealed_key"),
    )
    .outerjoin(BallotSeal, BallotSeal.ballot_id == Ballot.id)
    .where(Ballot.id == bindparam("ballot"))
    .with_for_update(read=True, key_share=True, of=Ballot)
)  # fmt: skip
_OPTIONS = select(BallotOption.position, BallotOption.cost, BallotOption.withdrawn_at).where(
    BallotOption.ballot_id == bindparam("ballot")
)
_PUT_IN = insert(Vote.__table__)  # type: ignore[arg-type]
_AWAIT = insert(BallotPending.__table__)  # type: ignore[arg-type]
_TICK_ROLL = (
    update(BallotRoll)
    .where(BallotRoll.ballot_id == bindparam("ballot"), BallotRoll.reader_id == bindparam("reader"))
    .values(voted=True)
    .returning(BallotRoll.weight)
    .execution_options(synchronize_session=False)
)
_MINE = select(Vote.code).where(Vote.ballot_id == bindparam("ballot"), Vote.voter_ref == bindparam("ref"))
_UNTICK_ROLL = (
    update(BallotRoll)
    .where(BallotRoll.ballot_id == bindparam("ballot"), BallotRoll.reader_id == bindparam("reader"))
    .values(voted=False)
    .execution_options(synchronize_session=False)
)
_TAKE_OUT = delete(Vote).where(Vote.ballot_id == bindparam("ballot"), Vote.voter_ref == bindparam("ref"))
_CHANGE = (
    update(Vote)
    .where(Vote.ballot_id == bindparam("ballot"), Vote.voter_ref == bindparam("ref"))
    .values(code=bindparam("new_code"), content=bindparam("new_content"))
    .execution_options(synchronize_session=False)
)


@dataclass(frozen=True)
class CastVote:
    """What the voter is shown, once: the code, and the nonce from which it can be computed again."""

    ballot_id: int
    ballot_slug: str
    ballot_title: str
    closes_at: datetime
    content: str
    code: str
    nonce: str
    changed: bool

    @property
    def written_code(self) -> str:
        """The code in groups of four."""
        return seals.written_code(self.code)


def cast(
    session: Session,
    ballot_id: int,
    reader_id: int,
    choices: ways.Choices,
    *,
    secret: str,
    attempt: str,
    at: datetime,
) -> CastVote:
    """One patron's vote: a first one, or the one that takes the place of an earlier one.

    The same form sent twice (`attempt`) is one vote with one code. Raises `NotFound`, `NotOpenYet`, `Closed`, `Cancelled`,
    `NotOnRoll`, and what `ways.canonical` raises.
    """
    ballot = _open_ballot(session, ballot_id, at)
    content = ways.canonical(choices, _question(session, ballot))
    weight = session.execute(_TICK_ROLL, {"ballot": ballot_id, "reader": reader_id}).scalar_one_or_none()
    if weight is None:
        raise rules.NotOnRoll()
    key = seals.unseal(secret, ballot.sealed_key)
    nonce = seals.nonce_of(key, reader_id, attempt)
    code = seals.receipt_code(ballot.slug, content, nonce)
    changed = _into_urn(session, ballot_id, seals.voter_ref(key, reader_id), code, content, weight)
    return CastVote(ballot_id, ballot.slug, ballot.title, ballot.closes_at, content, code, nonce, changed)


def look_over(session: Session, ballot_id: int, choices: ways.Choices, *, at: datetime) -> str:
    """What would be cast, checked and written canonically; nothing of it is kept. Raises what `cast` raises."""
    return ways.canonical(choices, _question(session, _open_ballot(session, ballot_id, at)))


def withdraw(session: Session, ballot_id: int, reader_id: int, *, secret: str, at: datetime) -> bool:
    """Take a patron's vote out of the urn again; they may cast another until the close. False if there was none.

    Raises `NotFound`, `NotOpenYet`, `Closed`, `Cancelled`.
    """
    ballot = _open_ballot(session, ballot_id, at)
    session.execute(_UNTICK_ROLL, {"ballot": ballot_id, "reader": reader_id})
    return take_out(session, ballot_id, seals.unseal(secret, ballot.sealed_key), reader_id, "withdrawn") is not None


def take_out(session: Session, ballot_id: int, key: bytes, reader_id: int, event: str) -> str | None:
    """Remove a reader's vote and leave a line with its code for the log; the code, or None if there was no vote."""
    mine = {"ballot": ballot_id, "ref": seals.voter_ref(key, reader_id)}
    code = session.execute(_MINE, mine).scalar_one_or_none()
    if code is not None:
        session.execute(_TAKE_OUT, mine)
        _await_sealing(session, ballot_id, [(event, code)])
    return code


def _open_ballot(session: Session, ballot_id: int, at: datetime) -> Any:
    ballot = session.execute(_BALLOT, {"ballot": ballot_id}).one_or_none()
    if ballot is None:
        raise NotFound()
    rules.check_open(status=ballot.status, closes_at=ballot.closes_at, at=at)
    return ballot


def _question(session: Session, ballot: Any) -> ways.Question:
    options = session.execute(_OPTIONS, {"ballot": ballot.id}).all()
    return ways.Question(
        ballot.method, {row.position: row.cost for row in options},
        frozenset(row.position for row in options if row.withdrawn_at is not None), ballot.max_rank, ballot.budget,
    )  # fmt: skip


def _into_urn(session: Session, ballot_id: int, ref: bytes, code: str, content: str, weight: int) -> bool:
    """Put a vote in, or in the place of the voter's earlier one; tells whether there was another one."""
    mine = {"ballot": ballot_id, "ref": ref}
    earlier = session.execute(_MINE, mine).scalar_one_or_none()
    if earlier == code:
        return False
    if earlier is None:
        row = {"ballot_id": ballot_id, "code": code, "content": content, "voter_ref": ref, "weight": weight}
        session.execute(_PUT_IN, row)
    else:
        session.execute(_CHANGE, mine | {"new_code": code, "new_content": content})
    _await_sealing(session, ballot_id, [("cast", code)] if earlier is None else [("replaced", earlier), ("cast", code)])
    return earlier is not None


def _await_sealing(session: Session, ballot_id: int, lines: list[tuple[str, str]]) -> None:
    session.execute(
        _AWAIT,
        [{"ballot_id": ballot_id, "id": secrets.token_hex(16), "event": event, "code": code} for event, code in lines],
    )


def begin(session: Session, ballot_id: int, reader_id: int, *, signal: str, at: datetime) -> None:
    """Keep that a patron began to vote, the first time, and by which signal; never what. Nothing for who cannot vote."""
    statement = select(BallotRoll.voted).join(Ballot, Ballot.id == BallotRoll.ballot_id)
    mine = (BallotRoll.ballot_id == ballot_id, BallotRoll.reader_id == reader_id, Ballot.status == "open")
    if session.execute(statement.where(*mine)).scalar_one_or_none() is False:
        insert_once(session, BallotBegun, ballot_id=ballot_id, reader_id=reader_id, begun_at=at, signal=signal)


def withdraw_and_confirm(session: Session, ballot_id: int, reader_id: int, *, secret: str, at: datetime) -> bool:
    """Withdraw, and tell the voter by letter: without choice and without code."""
    taken = withdraw(session, ballot_id, reader_id, secret=secret, at=at)
    who, ballot = person(session, reader_id), session.get_one(Ballot, ballot_id)
    if taken and who is not None:
        write(
            session, "vote_withdrawn", Recipient(who.email, who.name, who.language, reader_id),
            key=f"vote-withdrawn:{ballot_id}:{reader_id}:{at.isoformat()}", at=at, title=ballot.title,
            slug=ballot.slug, closes_at=ballot.closes_at,
        )  # fmt: skip
    return taken


def remind(session: Session, ballot_id: int, *, at: datetime) -> int:
    """Write to those who began to vote and have not cast it; once. Returns how many letters were written."""
    ballot = session.get_one(Ballot, ballot_id)
    if ballot.status != "open" or at >= ballot.closes_at:
        return 0
    statement = (
        select(BallotBegun.reader_id, BallotBegun.begun_at, BallotBegun.signal)
        .join(
            BallotRoll,
            (BallotRoll.ballot_id == BallotBegun.ballot_id) & (BallotRoll.reader_id == BallotBegun.reader_id),
        )
        .where(BallotBegun.ballot_id == ballot_id, BallotRoll.voted.is_(False))
    )
    written = 0
    for row in session.execute(statement).all():
        who = person(session, row.reader_id)
        if who is not None:
            written += write(
                session, "vote_not_cast", Recipient(who.email, who.name, who.language, row.reader_id),
                key=f"vote-not-cast:{ballot_id}:{row.reader_id}", at=at, title=ballot.title, slug=ballot.slug,
                closes_at=ballot.closes_at, begun_at=row.begun_at, signal=row.signal,
            )  # fmt: skip
    return written


def cast_and_confirm(
    session: Session,
    ballot_id: int,
    reader_id: int,
    choices: ways.Choices,
    *,
    secret: str,
    attempt: str,
    at: datetime,
) -> CastVote:
    """Cast, and tell the voter by letter that the vote is in: without choice and without code, once per ballot."""
    vote = cast(session, ballot_id, reader_id, choices, secret=secret, attempt=attempt, at=at)
    who = person(session, reader_id)
    if who is not None:
        write(
            session, "vote_is_in", Recipient(who.email, who.name, who.language, reader_id),
            key=f"vote:{ballot_id}:{reader_id}", at=at, title=vote.ballot_title, slug=vote.ballot_slug,
            closes_at=vote.closes_at,
        )  # fmt: skip
    return vote

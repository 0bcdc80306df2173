"""Casting a vote: the roll says who may, the urn keeps what, and nothing keeps both. Prepared statements: a hot path.

Votes run beside each other: each holds the ballot's row shared (so that it cannot be closed meanwhile) and its own line of
the roll alone (so that one patron's two clicks queue). The unique key of the urn is the last word on one vote each.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from membership.ballots import rules, seals
from membership.ballots.counting.methods import positions
from membership.ballots.models import Ballot, BallotOption, BallotRoll
from membership.ballots.urn import BallotPending, BallotSeal, Vote
from membership.mail.writing import Recipient, write
from membership.readers.queries import person
from membership.refusals import NotFound

_BALLOT = (
    select(
        Ballot.id, Ballot.slug, Ballot.title, Ballot.status, Ballot.closes_at, BallotSeal.key.label("sealed_key"),
    )
    .outerjoin(BallotSeal, BallotSeal.ballot_id == Ballot.id)
    .where(Ballot.id == bindparam("ballot"))
    .with_for_update(read=True, key_share=True, of=Ballot)
)  # fmt: skip
_POSITIONS = select(BallotOption.position).where(BallotOption.ballot_id == bindparam("ballot"))
_TICK_ROLL = (
    update(BallotRoll)
    .where(BallotRoll.ballot_id == bindparam("ballot"), BallotRoll.reader_id == bindparam("reader"))
    .values(voted=True)
    .execution_options(synchronize_session=False)
)
_MINE = select(Vote.code).where(Vote.ballot_id == bindparam("ballot"), Vote.voter_ref == bindparam("ref"))
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
    def positions(self) -> tuple[int, ...]:
        """The options chosen."""
        return positions(self.content)

    @property
    def written_code(self) -> str:
        """The code in groups of four."""
        return seals.written_code(self.code)


def cast(
    session: Session,
    ballot_id: int,
    reader_id: int,
    choices: Iterable[str | int],
    *,
    secret: str,
    attempt: str,
    at: datetime,
) -> CastVote:
    """One patron's vote: a first one, or the one that takes the place of an earlier one.

    The same form sent twice (`attempt`) is one vote with one code. Raises `NotFound`, `NotOpenYet`, `Closed`, `Cancelled`,
    `NotOnRoll`, `NothingChosen`, `NotAnOption`.
    """
    ballot = session.execute(_BALLOT, {"ballot": ballot_id}).one_or_none()
    if ballot is None:
        raise NotFound()
    rules.check_open(status=ballot.status, closes_at=ballot.closes_at, at=at)
    content = rules.canonical(choices, set(session.execute(_POSITIONS, {"ballot": ballot_id}).scalars()))
    if not session.execute(_TICK_ROLL, {"ballot": ballot_id, "reader": reader_id}).rowcount:  # type: ignore[attr-defined]
        raise rules.NotOnRoll()
    key = seals.unseal(secret, ballot.sealed_key)
    nonce = seals.nonce_of(key, reader_id, attempt)
    code = seals.receipt_code(ballot.slug, content, nonce)
    changed = _into_urn(session, ballot_id, seals.voter_ref(key, reader_id), code, content)
    return CastVote(ballot_id, ballot.slug, ballot.title, ballot.closes_at, content, code, nonce, changed)


def _into_urn(session: Session, ballot_id: int, ref: bytes, code: str, content: str) -> bool:
    """Put a vote in, or in the place of the voter's earlier one; tells whether there was another one."""
    mine = {"ballot": ballot_id, "ref": ref}
    earlier = session.execute(_MINE, mine).scalar_one_or_none()
    if earlier == code:
        return False
    if earlier is None:
        session.execute(insert(Vote), [{"ballot_id": ballot_id, "code": code, "content": content, "voter_ref": ref}])
    else:
        session.execute(_CHANGE, mine | {"new_code": code, "new_content": content})
    lines = [("cast", code)] if earlier is None else [("replaced", earlier), ("cast", code)]
    session.execute(
        insert(BallotPending),
        [
            {"ballot_id": ballot_id, "id": secrets.token_hex(16), "event": event, "code": line_code}
            for event, line_code in lines
        ],
    )
    return earlier is not None


def cast_and_confirm(
    session: Session,
    ballot_id: int,
    reader_id: int,
    choices: Iterable[str | int],
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

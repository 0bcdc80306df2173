"""Casting a vote: the roll says who may, the urn keeps what, and nothing keeps both. Prepared statements: a hot path.

Votes run beside each other: each holds the ballot's row shared (so that it cannot be closed meanwhile) and its own line of
the roll alone (so that one patron's two clicks queue). The unique key of the urn is the last word on one vote each.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, bindparam, delete, insert, select, text, update
from sqlalchemy.orm import Session

from membership.ballots import rules, seals, ways
from membership.ballots.models import Ballot, BallotBegun, BallotOption, BallotRoll
from membership.ballots.urn import BallotPending, BallotSeal, Vote
from membership.db import UtcTime, insert_once, run
from membership.jobs.queue import POST_FOR_EACH, post_as, posting
from membership.mail.writing import Recipient, write
from membership.readers.queries import person
from membership.refusals import NotFound
from membership.web.limits import COUNTED, Limit, check_count, count_beside, count_within

Books = Session | Connection
Held = Any
"""A ballot's row, held: number, slug, title, status, times, how it asks, and the sealed key."""

_HELD = (
    select(
        Ballot.id, Ballot.slug, Ballot.title, Ballot.status, Ballot.closes_at, Ballot.method, Ballot.max_rank,
        Ballot.budget, Ballot.log_length, Ballot.log_head, BallotSeal.key.label("sealed_key"),
    )
    .outerjoin(BallotSeal, BallotSeal.ballot_id == Ballot.id)
    .with_for_update(read=True, key_share=True, of=Ballot)
)  # fmt: skip
_BY_ID, _BY_SLUG = _HELD.where(Ballot.id == bindparam("ballot")), _HELD.where(Ballot.slug == bindparam("slug"))
_BY_SLUG_COUNTED = _BY_SLUG.add_columns(select(COUNTED.c.count).scalar_subquery().label("tries"))
# A statement of its own, after the row is held: one that waited would see the options as they stood before.
_OPTIONS = (
    select(BallotOption.position, BallotOption.title, BallotOption.cost, BallotOption.withdrawn_at)
    .where(BallotOption.ballot_id == bindparam("ballot"))
    .order_by(BallotOption.position)
)
_PUT_IN = insert(Vote.__table__)  # type: ignore[arg-type]
_AWAIT = insert(BallotPending.__table__)  # type: ignore[arg-type]
_MY_LINE = (BallotRoll.ballot_id == bindparam("ballot"), BallotRoll.reader_id == bindparam("reader"))
_TICK_ROLL = (
    update(BallotRoll)
    .where(*_MY_LINE, BallotRoll.voted.is_(False))
    .values(voted=True)
    .returning(BallotRoll.weight)
    .execution_options(synchronize_session=False)
)
_AT_ONCE = """
    WITH line AS (
        UPDATE ballot_roll SET voted = true WHERE ballot_id = :ballot_id AND reader_id = :reader AND NOT voted
        RETURNING ballot_id, weight
    ), put AS (
        INSERT INTO vote (ballot_id, code, content, voter_ref, weight)
        SELECT ballot_id, CAST(:code AS text), CAST(:content AS text), :voter_ref, weight FROM line
    ), waiting AS (
        INSERT INTO ballot_pending (ballot_id, id, event, code)
        SELECT ballot_id, CAST(:id AS text), 'cast', CAST(:code AS text) FROM line
    ){more}
    SELECT weight FROM line
"""
_REF, _TIMES = bindparam("voter_ref", type_=LargeBinary()), [bindparam(at, type_=UtcTime()) for at in ("due_at", "posted_at")]
_FIRST_AT_ONCE = text(_AT_ONCE.format(more="")).bindparams(_REF)
"""The tick, the vote and its line for the log in one statement, where the database is a way off; then the letter as well."""
_FIRST_AND_POST = text(_AT_ONCE.format(more=f", posted AS ({POST_FOR_EACH.format(rows='line')})")).bindparams(_REF, *_TIMES)
_HOLD_LINE = select(BallotRoll.weight).where(*_MY_LINE).with_for_update(key_share=True)
_MINE = select(Vote.code).where(Vote.ballot_id == bindparam("ballot"), Vote.voter_ref == bindparam("ref"))
_UNTICK_ROLL = (
    update(BallotRoll)
    .where(*_MY_LINE)
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
    """What the voter is shown, once: the code, and the nonce from which it can be computed again.

    `changed`: it took the place of another vote; `first`: there was none in the urn. `log_length` and `log_head` say how far
    the sealed log had come.
    """

    ballot_id: int
    ballot_slug: str
    ballot_title: str
    closes_at: datetime
    content: str
    code: str
    nonce: str
    changed: bool
    method: str
    titles: Mapping[int, str]
    log_length: int
    log_head: str
    first: bool

    @property
    def written_code(self) -> str:
        """The code in groups of four."""
        return seals.written_code(self.code)

    def chosen(self) -> list[tuple[str, int | None]]:
        """What was voted in words: titles, each with its rank or stars."""
        lines = ways.chosen(self.content, self.method, self.titles)
        return [(self.titles[one.position], one.number) for one in lines]


def hold(books: Books, slug: str) -> Held:
    """Hold a ballot's row so that it cannot be closed before this transaction ends; other votes go on beside it.

    Ask the clock after this returns, not before: then a vote that had to wait behind the count is late, not lost. What it
    returns is for `cast`. Raises `NotFound`.
    """
    held = run(books, _BY_SLUG, {"slug": slug}).first()
    if held is None:
        raise NotFound()
    return held


def hold_and_count(books: Books, slug: str, limit: Limit, subject: str, *, at: datetime) -> Held:
    """The same, and the try counted against a limit that is no setting; in one statement where the database is a way off.
    Raises `NotFound`, `TooOften`."""
    if not _is_a_way_off(books):
        count_within(books, (limit, subject), at=at)
        return hold(books, slug)
    held = run(books, _BY_SLUG_COUNTED, {"slug": slug} | count_beside(limit, subject, at=at)).first()
    if held is None:
        raise NotFound()
    check_count(limit, held.tries)
    return held


def cast(
    books: Books, ballot: int | Held, reader_id: int, choices: ways.Choices, *, secret: str, attempt: str, at: datetime,
    confirmed: bool = False,
) -> CastVote:
    """One patron's vote: a first one, or the one that takes the place of an earlier one.

    `ballot` is a number, or what `hold` returned. The same form sent twice (`attempt`) is one vote with one code.
    `confirmed`: a first one is confirmed by letter. Raises `NotFound`, `NotOpenYet`, `Closed`, `Cancelled`, `NotOnRoll`, and
    what `ways.canonical` raises.
    """
    held = _open_ballot(books, ballot, at)
    options = _options(books, held)
    content = ways.canonical(choices, _question(held, options))
    key = seals.unseal(secret, held.sealed_key)
    nonce = seals.nonce_of(key, reader_id, attempt)
    code = seals.receipt_code(held.slug, content, nonce)
    row = {"ballot_id": held.id, "code": code, "content": content, "voter_ref": seals.voter_ref(key, reader_id)}
    changed = _into_urn(books, reader_id, row, _letter(held.id, reader_id, at) if confirmed else None)
    titles = {option.position: option.title for option in options}
    return CastVote(
        held.id, held.slug, held.title, held.closes_at, content, code, nonce, changed is True, held.method, titles,
        held.log_length, held.log_head, first=changed is None,
    )  # fmt: skip


def look_over(session: Session, ballot_id: int, choices: ways.Choices, *, at: datetime) -> str:
    """What would be cast, checked and written canonically; nothing of it is kept. Raises what `cast` raises."""
    held = _open_ballot(session, ballot_id, at)
    return ways.canonical(choices, _question(held, _options(session, held)))


def withdraw(session: Session, ballot: int | Held, reader_id: int, *, secret: str, at: datetime) -> bool:
    """Take a patron's vote out of the urn again; they may cast another until the close. False if there was none.

    Raises `NotFound`, `NotOpenYet`, `Closed`, `Cancelled`.
    """
    held = _open_ballot(session, ballot, at)
    run(session, _UNTICK_ROLL, {"ballot": held.id, "reader": reader_id})
    return take_out(session, held.id, seals.unseal(secret, held.sealed_key), reader_id, "withdrawn") is not None


def take_out(session: Session, ballot_id: int, key: bytes, reader_id: int, event: str) -> str | None:
    """Remove a reader's vote and leave a line with its code for the log; the code, or None if there was no vote."""
    mine = {"ballot": ballot_id, "ref": seals.voter_ref(key, reader_id)}
    code = run(session, _MINE, mine).scalar()
    if code is not None:
        run(session, _TAKE_OUT, mine)
        _await_sealing(session, ballot_id, [(event, code)])
    return code


def _open_ballot(books: Books, ballot: int | Held, at: datetime) -> Held:
    held = run(books, _BY_ID, {"ballot": ballot}).first() if isinstance(ballot, int) else ballot
    if held is None:
        raise NotFound()
    rules.check_open(status=held.status, closes_at=held.closes_at, at=at)
    return held


def _options(books: Books, held: Held) -> Sequence[Any]:
    """The options as they stand. What changes of an open ballot's options stands in its log, so the log's head, a hash of all
    of it, tells whether they are those that were read before."""
    known = _options_at.get((held.id, held.log_head))
    if known is None:
        known = list(run(books, _OPTIONS, {"ballot": held.id}))
        if len(_options_at) >= MOST_KNOWN:
            _options_at.clear()
        _options_at[held.id, held.log_head] = known
    return known


MOST_KNOWN = 64
_options_at: dict[tuple[int, str], Sequence[Any]] = {}


def _is_a_way_off(books: Books) -> bool:
    return (books.get_bind() if isinstance(books, Session) else books).dialect.name == "postgresql"


def _letter(ballot_id: int, reader_id: int, at: datetime) -> dict[str, Any]:
    """The job that writes the letter; see `confirm`."""
    told = {"ballot": ballot_id, "reader": reader_id}
    return posting("ballots.confirm", f"vote:{ballot_id}:{reader_id}", told, due_at=at)


def _question(ballot: Held, options: Sequence[Any]) -> ways.Question:
    return ways.Question(
        ballot.method, {row.position: row.cost for row in options},
        frozenset(row.position for row in options if row.withdrawn_at is not None), ballot.max_rank, ballot.budget,
    )  # fmt: skip


def _into_urn(books: Books, reader_id: int, row: dict[str, Any], letter: dict[str, Any] | None) -> bool | None:
    """Tick the roll and put a vote in, or in the place of the voter's earlier one. Whether there was another one; None for
    somebody who had none in the urn, to whom the letter is written. Raises `NotOnRoll`.
    """
    if _first(books, reader_id, row, letter):
        return None
    ballot_id, ref = row["ballot_id"], row["voter_ref"]
    if run(books, _HOLD_LINE, {"ballot": ballot_id, "reader": reader_id}).first() is None:
        raise rules.NotOnRoll()
    earlier = run(books, _MINE, {"ballot": ballot_id, "ref": ref}).scalar()
    if earlier == row["code"]:
        return False
    if earlier is None:  # withdrawn between the two
        _first(books, reader_id, row, letter)
        return None
    changed = {"ballot": ballot_id, "ref": ref, "new_code": row["code"], "new_content": row["content"]}
    run(books, _CHANGE, changed)
    _await_sealing(books, ballot_id, [("replaced", earlier), ("cast", row["code"])])
    return True


def _first(books: Books, reader_id: int, row: dict[str, Any], letter: dict[str, Any] | None) -> bool:
    """Put in the vote of somebody whose line on the roll has no tick yet; False if there is no such line. A tick that was
    missing says that there is none in the urn: nothing needs to be looked for there.
    """
    if _is_a_way_off(books):
        statement = _FIRST_AND_POST if letter else _FIRST_AT_ONCE
        values = row | {"reader": reader_id, "id": secrets.token_hex(16)} | (letter or {})
        return run(books, statement, values).first() is not None
    weight = run(books, _TICK_ROLL, {"ballot": row["ballot_id"], "reader": reader_id}).scalar()
    if weight is None:
        return False
    run(books, _PUT_IN, row | {"weight": weight})
    _await_sealing(books, row["ballot_id"], [("cast", row["code"])])
    if letter:
        post_as(books, letter)
    return True


def _await_sealing(books: Books, ballot_id: int, lines: list[tuple[str, str]]) -> None:
    for event, code in lines:
        run(books, _AWAIT, {"ballot_id": ballot_id, "id": secrets.token_hex(16), "event": event, "code": code})


def begin(session: Session, ballot_id: int, reader_id: int, *, signal: str, at: datetime) -> None:
    """Keep that a patron began to vote, the first time, and by which signal; never what. Nothing for who cannot vote."""
    statement = select(BallotRoll.voted).join(Ballot, Ballot.id == BallotRoll.ballot_id)
    mine = (BallotRoll.ballot_id == ballot_id, BallotRoll.reader_id == reader_id, Ballot.status == "open")
    if session.execute(statement.where(*mine)).scalar_one_or_none() is False:
        insert_once(session, BallotBegun, ballot_id=ballot_id, reader_id=reader_id, begun_at=at, signal=signal)


def withdraw_and_confirm(session: Session, ballot: int | Held, reader_id: int, *, secret: str, at: datetime) -> bool:
    """Withdraw, and tell the voter by letter: without choice and without code."""
    held = _open_ballot(session, ballot, at)
    taken = withdraw(session, held, reader_id, secret=secret, at=at)
    who = person(session, reader_id)
    if taken and who is not None:
        write(
            session, "vote_withdrawn", Recipient(who.email, who.name, who.language, reader_id),
            key=f"vote-withdrawn:{held.id}:{reader_id}:{at.isoformat()}", at=at, title=held.title,
            slug=held.slug, closes_at=held.closes_at,
        )  # fmt: skip
    return taken


def cast_and_confirm(
    books: Books, ballot: int | Held, reader_id: int, choices: ways.Choices, *, secret: str, attempt: str, at: datetime
) -> CastVote:
    """Cast, and have the voter told by letter that the vote is in."""
    return cast(books, ballot, reader_id, choices, secret=secret, attempt=attempt, at=at, confirmed=True)


def confirm(session: Session, ballot_id: int, reader_id: int, *, at: datetime) -> None:
    """Tell a voter by letter that the vote is in: without choice and without code, once per ballot."""
    ballot, line = session.get_one(Ballot, ballot_id), session.get(BallotRoll, (ballot_id, reader_id))
    who = person(session, reader_id)
    if who is None or line is None or not line.voted:
        return  # erased, or withdrawn since, which another letter says
    write(
        session, "vote_is_in", Recipient(who.email, who.name, who.language, reader_id), key=f"vote:{ballot_id}:{reader_id}",
        at=at, title=ballot.title, slug=ballot.slug, closes_at=ballot.closes_at,
        open=rules.phase(status=ballot.status, closes_at=ballot.closes_at, at=at) is rules.Phase.OPEN,
    )  # fmt: skip

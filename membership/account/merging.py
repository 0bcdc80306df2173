"""Two readers who are one person: everything the one has goes to the other, and a tombstone stays where it was.

Which rows name a reader is asked of the schema itself, so that a table of a new room is never forgotten.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, UniqueConstraint, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot, BallotRoll
from membership.db import Base
from membership.giving.guard_models import CheckoutOrigin
from membership.giving.guarding import person_key
from membership.giving.models import Checkout
from membership.giving.payers import look_at_payers
from membership.jobs.queue import post
from membership.mail.bounces import readdress
from membership.mail.models import Bounce, Letter
from membership.mail.writing import Recipient, write
from membership.readers.models import AddressChange, Person, Reader, ReaderSession, SignInChallenge
from membership.readers.queries import role_of
from membership.readers.trail import note
from membership.refusals import N_, NotFound, Refused
from membership.topics.models import TopicSupport

STAYS = frozenset(
    {"person", "reader", "reader_session", "sign_in_challenge", "address_change", "movement", "ballot_roll"}
)
"""What is not moved: what ends with the merging, what is append-only, and the rolls (those of open ballots apart)."""


class NotThese(Refused):
    """The same reader twice, or one that is no person any more."""

    field = "other"
    words = N_("Please name another reader, by number or address, who has not been erased or merged.")


class NotTheTeam(Refused):
    """A role and its acts belong to one account."""

    field = "other"
    words = N_("This account belongs to somebody in the team. Please end the role first.")


def both(session: Session, reader_id: int, other_id: int) -> tuple[Person, Person]:
    """The person who stays and the one who goes into it, their rows held. Raises `NotFound`, `NotThese`, `NotTheTeam`."""
    ids = sorted({reader_id, other_id})
    session.execute(select(Reader.id).where(Reader.id.in_(ids)).order_by(Reader.id).with_for_update())
    stays, goes = session.get(Person, reader_id), session.get(Person, other_id)
    if stays is None:
        raise NotFound()
    if goes is None or reader_id == other_id:
        raise NotThese()
    if role_of(session, other_id) is not None:
        raise NotTheTeam()
    return stays, goes


def merge(session: Session, reader_id: int, other_id: int, *, by: int, at: datetime) -> None:
    """Make one reader of two; both addresses are told which one counts from now on. Raises like `both`."""
    stays, goes = both(session, reader_id, other_id)
    old = Recipient(goes.email, goes.name, goes.language, reader_id)
    if not stays.name:
        stays.name = goes.name
    _claim_pages(session, goes.email, reader_id)
    moved = {name: count for name, count in _move_rows(session, reader_id, other_id) if count}
    _close(session, goes, reader_id, at=at)
    readdress(session, reader_id, stays.email)
    new = Recipient(stays.email, stays.name, stays.language, reader_id)
    for which, to in (("old", old), ("new", new)):
        key = f"merged:{other_id}:{which}"
        write(session, "merged", to, key=key, at=at, kept=stays.email, gone=old.address)
    look_at_payers(session, reader_id, at=at)
    post(session, "perks.grant", f"perks:{reader_id}", {"reader": reader_id}, due_at=at)
    note(session, actor_id=by, action="reader:merged", object=f"reader/{other_id}", at=at, into=reader_id, rows=moved)


def _move_rows(session: Session, reader_id: int, other_id: int) -> list[tuple[str, int]]:
    moved = [
        (f"{table.name}.{column.name}", _move(session, table, column, reader_id, other_id))
        for table, column in naming_a_reader()
        if table.name not in STAYS
    ]
    doubled = delete(TopicSupport).where(TopicSupport.reader_id == other_id)  # what both support counts once
    session.execute(doubled)
    for table in (Letter, Bounce):
        session.execute(update(table).where(table.reader_id == other_id).values(reader_id=reader_id))
    return [*moved, ("ballot_roll.reader_id", _move_open_rolls(session, reader_id, other_id))]


def _claim_pages(session: Session, email: str, reader_id: int) -> None:
    """Hosted pages that the address which goes has open: what is paid there is the money of the reader who stays."""
    theirs = select(CheckoutOrigin.checkout_id).where(CheckoutOrigin.person == person_key(email))
    still = (Checkout.reader_id.is_(None), Checkout.state.in_(("begun", "open", "waiting")), Checkout.id.in_(theirs))
    session.execute(update(Checkout).where(*still).values(reader_id=reader_id))


def naming_a_reader() -> list[tuple[Table, Column[Any]]]:
    """Every column of the schema that points to a reader."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table.name == "reader" for key in column.foreign_keys)
    ]


def _move(session: Session, table: Table, column: Column[Any], reader_id: int, other_id: int) -> int:
    """Move a column's rows; where the other has such a row already (a perk, a support), it stays with the tombstone."""
    change = update(table).where(column == other_id).values({column: reader_id})
    if not _is_unique(table, column):
        return int(session.execute(change).rowcount)  # type: ignore[attr-defined]
    count, key = 0, list(table.primary_key.columns)
    for row in session.execute(select(*key).where(column == other_id)).all():
        this = [part == value for part, value in zip(key, row, strict=True)]
        try:
            with session.begin_nested():
                session.execute(change.where(*this))
            count += 1
        except IntegrityError:
            continue
    return count


def _is_unique(table: Table, column: Column[Any]) -> bool:
    constraints = [rule.columns for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    indexes = [index.columns for index in table.indexes if index.unique]
    return column.primary_key or any(column.name in columns for columns in [*constraints, *indexes])


def _move_open_rolls(session: Session, reader_id: int, other_id: int) -> int:
    """A right to vote that is not used yet goes along, if the one who stays has none there: one person, one vote."""
    own = select(BallotRoll.ballot_id).where(BallotRoll.reader_id == reader_id)
    going_on = select(Ballot.id).where(Ballot.status == "open")
    unused = (
        BallotRoll.reader_id == other_id,
        BallotRoll.voted.is_(False),
        BallotRoll.ballot_id.in_(going_on),
        BallotRoll.ballot_id.not_in(own),
    )
    return int(session.execute(update(BallotRoll).where(*unused).values(reader_id=reader_id)).rowcount)  # type: ignore[attr-defined]


def _close(session: Session, goes: Person, into: int, *, at: datetime) -> None:
    """Nobody signs in to the tombstone, and nothing personal stays with it."""
    other_id = goes.reader_id
    for model in (SignInChallenge, AddressChange):
        opens = (model.reader_id == other_id, model.used_at.is_(None))
        session.execute(update(model).where(*opens).values(used_at=at))
    alive = (ReaderSession.reader_id == other_id, ReaderSession.ended_at.is_(None))
    session.execute(update(ReaderSession).where(*alive).values(ended_at=at))
    session.delete(goes)
    session.execute(update(Reader).where(Reader.id == other_id).values(merged_into_id=into, merged_at=at))
    # Who had been merged into them before is one step from the reader who stays, too.
    session.execute(update(Reader).where(Reader.merged_into_id == other_id).values(merged_into_id=into))
    session.flush()

"""Questions about people. The session look-up runs on every request of a signed-in reader: a prepared statement."""

from __future__ import annotations

import functools
from collections import namedtuple
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, or_, select, true
from sqlalchemy.orm import Session

from membership.db import run
from membership.readers.models import Person, Reader, ReaderSession, SignInChallenge, StaffRole
from membership.readers.rules import email_key, session_is_alive
from membership.web.access import ROLES
from membership.web.tokens import hashed


@dataclass(frozen=True)
class SessionHolder:
    """Whose session it is. `role` is the staff role held now, or None."""

    reader_id: int
    name: str
    email: str
    language: str
    role: str | None
    seen_at: datetime
    stepped: bool
    fresh_until: datetime | None


_role = select(StaffRole.role).where(StaffRole.reader_id == Reader.id, StaffRole.ended_at.is_(None)).scalar_subquery()
_HOLDER = (
    select(
        Reader.id, Person.name, Person.email, Person.language, _role.label("role"),
        ReaderSession.created_at, ReaderSession.seen_at, ReaderSession.stepped_at, ReaderSession.fresh_until,
    )
    .join(ReaderSession, ReaderSession.reader_id == Reader.id)
    .join(Person, Person.reader_id == Reader.id)
    .where(ReaderSession.token_hash == bindparam("hashed"), ReaderSession.ended_at.is_(None))
)  # fmt: skip


def session_holder(session: Session | Connection, token: str, at: datetime) -> SessionHolder | None:
    """Who holds this session token, while the session is alive."""
    return _alive(run(session, _HOLDER, {"hashed": hashed(token)}).first(), at)


def session_holder_beside(books: Connection, one: Select[Any], token: str, at: datetime) -> tuple[Any, SessionHolder | None]:
    """The same, and the only row of another room's question (None when it has none), in one way to the server and back."""
    row = run(books, _beside(one), {"hashed": hashed(token)}).first()
    if row is None:
        return None, session_holder(books, token, at)
    own = len(one.selected_columns)
    return _named(one)._make(row[:own]), _alive(_named(_HOLDER)._make(row[own:]) if row[own] is not None else None, at)


@functools.cache
def _beside(one: Select[Any]) -> Select[Any]:
    left, holder = one.subquery("one"), _HOLDER.subquery("holder")
    columns = [column.label(f"{table.name}_{column.key}") for table in (left, holder) for column in table.c]
    return select(*columns).select_from(left.outerjoin(holder, true()))


@functools.cache
def _named(question: Select[Any]) -> Any:
    return namedtuple("Row", question.selected_columns.keys())


def _alive(row: Any, at: datetime) -> SessionHolder | None:
    if row is None or not session_is_alive(
        created_at=row.created_at, seen_at=row.seen_at, staff=row.role is not None, at=at
    ):
        return None
    stepped = row.stepped_at is not None
    return SessionHolder(row.id, row.name, row.email, row.language, row.role, row.seen_at, stepped, row.fresh_until)


def sessions_of(session: Session, reader_id: int, *, staff: bool, at: datetime) -> list[ReaderSession]:
    """A reader's sessions that are alive, the latest used first."""
    mine = select(ReaderSession).where(ReaderSession.reader_id == reader_id, ReaderSession.ended_at.is_(None))
    rows = session.execute(mine.order_by(ReaderSession.seen_at.desc(), ReaderSession.token_hash)).scalars()
    return [
        row for row in rows
        if session_is_alive(created_at=row.created_at, seen_at=row.seen_at, staff=staff, at=at)
    ]  # fmt: skip


def person_by_email(session: Session, email: str) -> Person | None:
    """The person with this address, however it is written."""
    return session.execute(select(Person).where(Person.email_key == email_key(email))).scalar_one_or_none()


def person(session: Session, reader_id: int) -> Person | None:
    """What identifies a reader; None once erased."""
    return session.get(Person, reader_id)


def role_of(session: Session, reader_id: int) -> str | None:
    """The staff role a reader holds now."""
    return session.execute(
        select(StaffRole.role).where(StaffRole.reader_id == reader_id, StaffRole.ended_at.is_(None))
    ).scalar_one_or_none()


def challenge_by_token(session: Session, token: str) -> SignInChallenge | None:
    """The sign-in challenge that a letter's link names, spent or not."""
    statement = select(SignInChallenge).where(SignInChallenge.token_hash == hashed(token))
    return session.execute(statement).scalar_one_or_none()


@dataclass(frozen=True)
class Member:
    """Somebody in the team, with the role held now."""

    reader_id: int
    name: str
    email: str
    role: str
    since: datetime


def members(session: Session) -> list[Member]:
    """The team, the oldest first."""
    statement = (
        select(Person.reader_id, Person.name, Person.email, StaffRole.role, StaffRole.granted_at)
        .join(StaffRole, StaffRole.reader_id == Person.reader_id)
        .where(StaffRole.ended_at.is_(None))
        .order_by(StaffRole.granted_at, StaffRole.id)
    )
    return [Member(*row) for row in session.execute(statement)]


def team(session: Session, *, role: str) -> list[Person]:
    """Everybody who holds this role or one above it now, by name."""
    statement = (
        select(Person)
        .join(StaffRole, StaffRole.reader_id == Person.reader_id)
        .where(StaffRole.ended_at.is_(None), StaffRole.role.in_(ROLES[ROLES.index(role) :]))
        .order_by(Person.name, Person.reader_id)
    )
    return list(session.execute(statement).scalars())


def written_like(sought: str, *columns: Any) -> ColumnElement[bool]:
    """Columns with a part of a name or address in them, as an SQL condition. SQLite folds the case of ASCII letters only,
    so other scripts are tried in four ways."""
    ways = {sought, sought.casefold(), sought.title(), sought.upper()}
    return or_(*(column.icontains(way, autoescape=True) for column in columns for way in sorted(ways)))

"""Verbs about people: getting to know a reader, signing in and out, roles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from membership.db import insert_each_once, insert_once, run
from membership.readers.models import Person, Reader, ReaderSession, StaffRole
from membership.readers.rules import LastAdmin, email_key
from membership.readers.wishes import ASKED_FIRST, refuse_each
from membership.web.keeping import asks_first
from membership.web.tokens import hashed, new_token


def know(session: Session, email: str, *, at: datetime, language: str = "en", name: str = "") -> Person:
    """The person with this address; a reader is made for an address not known before. Safe when two do it at once."""
    key = email_key(email)
    found = session.execute(select(Person).where(Person.email_key == key)).scalar_one_or_none()
    if found is not None:
        return found
    reader = Reader(created_at=at)
    session.add(reader)
    session.flush()
    inserted = insert_once(
        session, Person, reader_id=reader.id, email=email.strip(), email_key=key, name=name, language=language
    )
    if not inserted:  # somebody else was quicker: theirs it is
        session.delete(reader)
        session.flush()
    elif asks_first(session):
        refuse_each(session, [reader.id], sorts=ASKED_FIRST, at=at)
    return session.execute(select(Person).where(Person.email_key == key)).scalar_one()


def know_each(
    session: Session, people: Sequence[tuple[str, str]], *, at: datetime, language: str = "en",
    agreed: Collection[str] = (),
) -> dict[str, tuple[int, bool]]:  # fmt: skip
    """The readers with these addresses, by `email_key`, made where they are not known: (address, name) each; a reader's
    number, and whether it was made here. The same as `know` for many; `agreed`: who said yes to letters elsewhere."""
    wanted = {email_key(email): (email, name) for email, name in people}
    made: dict[str, int] = {}
    there = _reader_ids(session, wanted)
    missing = [key for key in wanted if key not in there]
    if missing:
        new = insert(Reader).returning(Reader.id, sort_by_parameter_order=True)
        ids = session.execute(new, [{"created_at": at} for _ in missing]).scalars().all()
        made = dict(zip(missing, ids, strict=True))
        rows = [
            {"reader_id": made[key], "email": wanted[key][0].strip(), "email_key": key, "name": wanted[key][1],
             "language": language}
            for key in missing
        ]  # fmt: skip
        insert_each_once(session, Person, rows)
    found = _reader_ids(session, wanted)
    if missing and asks_first(session):
        silent = [found[key] for key in missing if found[key] == made[key] and key not in agreed]
        refuse_each(session, silent, sorts=ASKED_FIRST, at=at)
    if lost := [reader_id for key, reader_id in made.items() if found[key] != reader_id]:  # somebody else was quicker
        session.execute(delete(Reader).where(Reader.id.in_(lost)))
    return {key: (reader_id, made.get(key) == reader_id) for key, reader_id in found.items()}


def _reader_ids(session: Session, keys: Iterable[str]) -> dict[str, int]:
    rows = session.execute(select(Person.email_key, Person.reader_id).where(Person.email_key.in_(list(keys))))
    return {row.email_key: row.reader_id for row in rows}


def open_session(
    session: Session, reader_id: int, at: datetime, *, browser: str = "", proven_until: datetime | None = None,
    fresh_until: datetime | None = None,
) -> str:  # fmt: skip
    """Sign a browser in: returns the token for its cookie. The table keeps the hash.

    `proven_until`: as if the second step were taken, and good for what asks for a fresh one until then (the demo's door).
    `fresh_until`: so long a reader's own pages take it for a fresh proof; it is no second step, whatever role comes later.
    """
    token = new_token()
    session.add(
        ReaderSession(
            token_hash=hashed(token), reader_id=reader_id, browser=browser, stepped_at=at if proven_until else None,
            fresh_until=proven_until or fresh_until, created_at=at, seen_at=at,
        )
    )  # fmt: skip
    return token


_TOUCH = update(ReaderSession).where(ReaderSession.token_hash == bindparam("hashed")).values(seen_at=bindparam("at"))


def touch_session(books: Session | Connection, token: str, at: datetime) -> None:
    """Note that a session is in use."""
    run(books, _TOUCH, {"hashed": hashed(token), "at": at})


def end_session(session: Session, token: str, at: datetime) -> None:
    """Sign out: the cookie opens nothing any more, wherever a copy of it lies."""
    session.execute(update(ReaderSession).where(ReaderSession.token_hash == hashed(token)).values(ended_at=at))


def end_sessions(session: Session, reader_id: int, *, at: datetime, but: str | None = None) -> None:
    """Sign a reader out everywhere; `but` is the hash of a token that stays."""
    alive = [ReaderSession.reader_id == reader_id, ReaderSession.ended_at.is_(None)]
    if but is not None:
        alive.append(ReaderSession.token_hash != but)
    session.execute(update(ReaderSession).where(*alive).values(ended_at=at))


def end_one_session(session: Session, reader_id: int, token_hash: str, *, at: datetime) -> None:
    """End one session of this reader's; nobody else's."""
    mine = (ReaderSession.reader_id == reader_id, ReaderSession.token_hash == token_hash)
    session.execute(update(ReaderSession).where(*mine, ReaderSession.ended_at.is_(None)).values(ended_at=at))


def grant_role(session: Session, reader_id: int, role: str, *, at: datetime, by: int | None) -> None:
    """Give a staff role; one held before ends at the same moment, and so do its sessions (a new role is a new sign-in).

    Raises `LastAdmin` when the last admin would become something else.
    """
    _end_role(session, reader_id, at=at, staying=role == "admin")
    session.add(StaffRole(reader_id=reader_id, role=role, granted_at=at, granted_by=by))
    session.flush()


def end_role(session: Session, reader_id: int, *, at: datetime) -> None:
    """End the role a reader holds and every session opened with it. Raises `LastAdmin`."""
    _end_role(session, reader_id, at=at, staying=False)


def _end_role(session: Session, reader_id: int, *, at: datetime, staying: bool) -> None:
    # The reader's row and the admins' rows are locked: two changes of the team take their turn.
    session.execute(select(Reader.id).where(Reader.id == reader_id).with_for_update(key_share=True))
    open_admins = select(StaffRole.reader_id).where(StaffRole.role == "admin", StaffRole.ended_at.is_(None))
    admins = session.execute(open_admins.order_by(StaffRole.id).with_for_update(key_share=True)).scalars().all()
    if list(admins) == [reader_id] and not staying:
        raise LastAdmin()
    open_role = (StaffRole.reader_id == reader_id, StaffRole.ended_at.is_(None))
    session.execute(update(StaffRole).where(*open_role).values(ended_at=at))
    end_sessions(session, reader_id, at=at)

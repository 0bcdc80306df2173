"""Letters that came back. An address that takes none (*hard*) is not written to by mailings while it is the reader's.

Letters about money, sign-in and what somebody asked for by themselves are tried all the same: the law or the reader wants
them, and each is one letter, not many. Whoever signs in by a letter shows that letters arrive, and the mark is gone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal_column, select, update
from sqlalchemy.orm import Session, aliased

from membership.db import insert_once
from membership.mail.models import Bounce, Letter
from membership.mail.reports import Report
from membership.mail.rules import ABOUT_THE_ADDRESS, enhanced

_STANDS: tuple[ColumnElement[bool], ...] = (literal_column("bounce.hard"), literal_column("bounce.lifted_at").is_(None))


def note_bounce(session: Session, letter: Letter, *, hard: bool, code: int | str, words: str, at: datetime) -> bool:
    """Keep that this letter came back, once; a hard one withdraws what else waits for the address in mailings."""
    status = enhanced(words) or str(code) or "?"
    new = insert_once(
        session, Bounce, letter_id=letter.id, reader_id=letter.reader_id, address=letter.address, hard=hard,
        status=status, words=words, at=at, lifted_at=None,
    )  # fmt: skip
    if new and hard:
        mine = (Letter.address == letter.address, Letter.reader_id == letter.reader_id)
        withdraw(session, *mine, why="the address takes no letters")
    return new


def note_report(session: Session, report: Report, letter_id: int | None, *, at: datetime) -> str:
    """What a mail server reported later about the letter with this number, which the caller has made sure of; in a word."""
    if report.action != "failed":
        return "not failed"
    letter = session.execute(select(Letter).where(Letter.id == letter_id)).scalar_one_or_none() if letter_id else None
    if letter is None:
        return "of no letter of ours"
    hard = report.status.startswith(ABOUT_THE_ADDRESS)
    new = note_bounce(session, letter, hard=hard, code=report.status, words=report.words, at=at)
    if new and letter.state == "sent":
        letter.state, letter.last_error = "failed", f"{report.status} {report.words}".strip()
    return ("noted" if new else "known already") if hard else ("noted as passing" if new else "known already")


def withdraw(session: Session, *which: Any, why: str) -> int:
    """Letters of mailings that wait and are not wanted any more: how many there were."""
    waiting = (Letter.state == "queued", Letter.mailing_id.is_not(None))
    values = {"state": "withdrawn", "last_error": why}
    statement = update(Letter).where(*waiting, *which).values(**values).execution_options(synchronize_session=False)
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def readdress(session: Session, reader_id: int, address: str) -> None:
    """What waits for this reader in mailings goes to this address now; where that has its letter already, it is enough."""
    mine = (Letter.reader_id == reader_id, Letter.address != address)
    other = aliased(Letter)
    there = exists().where(other.mailing_id == Letter.mailing_id, other.address == address)
    withdraw(session, *mine, there, why="the address has this letter already")
    waiting = (Letter.state == "queued", Letter.mailing_id.is_not(None))
    moved = update(Letter).where(*waiting, *mine).values(address=address)
    session.execute(moved.execution_options(synchronize_session=False))


def takes_letters(reader_id: ColumnElement[int] | Any, address: ColumnElement[str] | Any) -> ColumnElement[bool]:
    """For a query: whether nothing stands against writing to this address of this reader."""
    return ~exists().where(Bounce.reader_id == reader_id, Bounce.address == address, *_STANDS).correlate_except(Bounce)


def standing_bounce(session: Session, reader_id: int, address: str) -> Bounce | None:
    """The newest reason why this address of a reader is not written to by mailings; None if it is."""
    mine = (Bounce.reader_id == reader_id, Bounce.address == address, *_STANDS)
    return session.execute(select(Bounce).where(*mine).order_by(Bounce.id.desc()).limit(1)).scalar_one_or_none()


def lift(session: Session, reader_id: int, *, at: datetime) -> bool:
    """Letters arrive at this reader's again: whether anything stood against it."""
    mine = (Bounce.reader_id == reader_id, *_STANDS)
    lifted = update(Bounce).where(*mine).values(lifted_at=at).execution_options(synchronize_session=False)
    return bool(session.execute(lifted).rowcount)  # type: ignore[attr-defined]


def bouncing(session: Session, person: Any, *, most: int) -> list[tuple[Bounce, str]]:
    """Readers whose present address takes no letters, the newest first, each once: the bounce and the name. `person` is the
    table of people, which stands on a floor above."""
    newest = select(func.max(Bounce.id)).where(*_STANDS).group_by(Bounce.reader_id, Bounce.address)
    statement = (
        select(Bounce, person.name)
        .join(person, (person.reader_id == Bounce.reader_id) & (person.email == Bounce.address))
        .where(Bounce.id.in_(newest))
        .order_by(Bounce.id.desc())
        .limit(most)
    )
    return [(row[0], str(row[1])) for row in session.execute(statement)]


def bouncing_count(session: Session, person: Any) -> int:
    """How many readers' present address takes no letters."""
    there = exists().where(Bounce.reader_id == person.reader_id, Bounce.address == person.email, *_STANDS)
    bounced = select(Bounce.reader_id).where(*_STANDS)
    statement = select(func.count()).select_from(person).where(person.reader_id.in_(bounced), there.correlate(person))
    return int(session.execute(statement).scalar_one())

"""Letters to many: mailings, their letters, and whose turn it is. Sending them is in `tasks`.

One worker at a time sends (the job's lease says which), each letter in a transaction of its own that renews the lease: so the
pace holds for the whole house, and a death leaves one letter in doubt, like any other letter's. That one is handed over
again under the same Message-ID. A letter is written at most once for each reader (its key) and each address (of its
mailing), and what was written is sent, withdrawn or given up: nobody twice, nobody forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from flask_babel import force_locale
from sqlalchemy import (
    Connection,
    bindparam,
    case,
    func,
    literal_column,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from membership.db import UtcTime, insert_each_once, insert_once, run
from membership.jobs.models import Job
from membership.jobs.queue import post
from membership.languages import language_of
from membership.mail.bounces import withdraw
from membership.mail.composing import whole_text
from membership.mail.models import Letter, Mailing, MailingText, MailPace
from membership.mail.rules import LEAST_PER_MINUTE, MOST_PER_MINUTE, PER_MINUTE, room
from membership.mail.writing import Recipient, in_words

KEY = "mail:many"
"""The one job that sends mailings."""
LANE_NEWS, LANE_BULLETIN = 1, 2
"""What is of today (a ballot closes, a story is out) goes before what was written at leisure."""


@dataclass(frozen=True)
class One:
    """A letter of a mailing to one recipient. `key` names its reason; `values` fill its template in, if it has one."""

    to: Recipient
    key: str
    stop_address: str
    values: dict[str, Any] | None = None


def mailing(session: Session, name: str, *, sort: str, lane: int, held: bool = False) -> int:
    """The mailing of this name, made if it is new; its number. Its row is held until the commit, and it is open."""
    insert_once(session, Mailing, name=name, sort=sort, lane=lane, held=held, open=True)
    opened = update(Mailing).where(Mailing.name == name).values(open=True).returning(Mailing.id)
    return int(session.execute(opened).scalar_one())


def write_each(session: Session, mailing_id: int, kind: str, those: Sequence[One], *, at: datetime) -> None:
    """A letter to each, from the template `letters/<kind>.txt` in their own language, and the job that sends them. Who has
    one for the same reason, or at the same address, gets no second one."""
    rows = []
    for one in those:
        with force_locale(language_of(one.to.language)):
            said = render_template(
                f"letters/{kind}.txt", to=one.to, stop_address=one.stop_address, **(one.values or {})
            )
        subject, words = in_words(said)
        rows.append(_row(mailing_id, kind, one, language_of(one.to.language), subject, words, at))
    if rows:
        insert_each_once(session, Letter, rows)
        wake(session, str(rows[0]["key"]), at=at)


def address_each(
    session: Session, mailing_id: int, kind: str, those: Iterable[tuple[One, str, str]], *, at: datetime
) -> None:
    """A letter to each that says what its mailing says in a language: the recipient, that language, the subject. They are
    not sent before somebody says so (`hold`, `wake`)."""
    if rows := [_row(mailing_id, kind, *one, "", at) for one in those]:
        insert_each_once(session, Letter, rows)


def _row(mailing_id: int, kind: str, one: One, language: str, subject: str, words: str, at: datetime) -> dict[str, Any]:
    return {
        "key": one.key, "kind": kind, "reader_id": one.to.reader_id, "address": one.to.address, "language": language,
        "subject": subject, "text": words, "fleeting": False, "stop_address": one.stop_address, "state": "queued",
        "written_at": at, "mailing_id": mailing_id, "due_at": at, "attempts": 0,
    }  # fmt: skip


def wake(session: Session, reason: str, *, at: datetime) -> None:
    """Post the job that posts the sending. Not the sending itself: many transactions would wait for the one row of it."""
    post(session, "mail.wake", f"mail:wake:{reason}", {}, due_at=at)


def hold(session: Session, mailing_id: int, *, held: bool, at: datetime) -> None:
    """Nobody gets a letter of this mailing from now on, or they go on."""
    session.execute(update(Mailing).where(Mailing.id == mailing_id).values(held=held, open=True))
    if not held:
        wake(session, f"mailing:{mailing_id}", at=at)


def withdraw_some(session: Session, mailing_id: int, *, most: int) -> int:
    """Of a mailing that was stopped so many of the letters that wait are withdrawn; how many there were."""
    waiting = (Letter.mailing_id == mailing_id, Letter.state == "queued")
    some = select(Letter.id).where(*waiting).order_by(Letter.id).limit(most)
    return withdraw(session, Letter.id.in_(some), why="it was stopped")


def pace(session: Session) -> int:
    """How many letters of mailings go out a minute."""
    row = session.get(MailPace, 1)
    return row.per_minute if row else PER_MINUTE


def set_pace(session: Session, per_minute: int) -> int:
    """From now on so many; within what is sensible. Returns what it is."""
    per_minute = min(max(per_minute, LEAST_PER_MINUTE), MOST_PER_MINUTE)
    if not insert_once(session, MailPace, id=1, per_minute=per_minute, free_at=None):
        session.execute(update(MailPace).where(MailPace.id == 1).values(per_minute=per_minute))
    return per_minute


_MOMENTS = (bindparam("at", type_=UtcTime()),)
_PACE = select(MailPace.per_minute, MailPace.free_at).where(MailPace.id == 1)
_TAKEN = text(
    "INSERT INTO mail_pace (id, per_minute, free_at) VALUES (1, :usual, :at)"
    " ON CONFLICT (id) DO UPDATE SET free_at = excluded.free_at"
).bindparams(*_MOMENTS)
_OPEN = select(Mailing.id).where(literal_column("open"), Mailing.held.is_(False)).order_by(Mailing.lane, Mailing.id)
_WAITING = (Letter.mailing_id == bindparam("mailing"), literal_column("letter.state") == literal_column("'queued'"))
_NEXT = (
    select(*Letter.__table__.columns)
    .join(Mailing, Mailing.id == Letter.mailing_id)
    .where(
        *_WAITING, Mailing.held.is_(False), Letter.id > bindparam("behind"),
        Letter.due_at <= bindparam("now", type_=UtcTime()),
    )
    .order_by(Letter.id)
    .limit(1)
)  # fmt: skip
_DUE = select(func.min(Letter.due_at).label("due_at")).where(*_WAITING)
_SENT = text(
    "UPDATE letter SET state = 'sent', sent_at = :at, last_error = NULL WHERE id = :letter AND state = 'queued'"
).bindparams(*_MOMENTS)


def take_turn(books: Connection, seconds: float, at: datetime) -> tuple[int, timedelta]:
    """How many letters may go out now, and the time that each of them takes; 0 while the pace has no room. Written before
    they are sent: who dies in between has not sent more than the pace allows."""
    row = run(books, _PACE, {}).first()
    per_minute, free_at = (row.per_minute, row.free_at) if row else (PER_MINUTE, None)
    letters, until, each = room(per_minute, seconds, free_at, at)
    if letters:
        run(books, _TAKEN, {"usual": per_minute, "at": until})
    return letters, each


def give_back(books: Connection, time: timedelta) -> None:
    """Of the time that a turn was given, so much was not needed."""
    row = run(books, _PACE, {}).first()
    run(books, _TAKEN, {"usual": row.per_minute, "at": row.free_at - time})


def open_mailings(books: Connection) -> list[int]:
    """The mailings that may have letters to send, in their order."""
    return [row.id for row in run(books, _OPEN, {})]


def next_letter(books: Connection, mailing_id: int, *, behind: int, at: datetime) -> Any:
    """The mailing's next letter with a number above `behind`, as it stands now; None when there is none to send."""
    return run(books, _NEXT, {"mailing": mailing_id, "behind": behind, "now": at}).first()


def note_sent(books: Connection, letter_id: int, at: datetime) -> None:
    """The server has it."""
    run(books, _SENT, {"letter": letter_id, "at": at})


def close_finished(session: Session, mailing_ids: Iterable[int]) -> datetime | None:
    """Close those in which nothing waits any more; when the first letter of the others is due, if there is one."""
    due = []
    for mailing_id in mailing_ids:
        # Its row first, then a statement of its own: whoever is writing into it has come to an end by then.
        held = session.execute(select(Mailing.held).where(Mailing.id == mailing_id).with_for_update()).scalar_one()
        first = run(session, _DUE, {"mailing": mailing_id}).scalar()
        if first is not None and not held:
            due.append(first)
        elif first is None and not held:
            session.execute(update(Mailing).where(Mailing.id == mailing_id).values(open=False))
    return min(due, default=None)


@dataclass(frozen=True)
class Progress:
    """How far a mailing has come. `waiting` includes those that a server put off (`put_off`)."""

    waiting: int = 0
    put_off: int = 0
    sent: int = 0
    failed: int = 0
    withdrawn: int = 0
    last_sent_at: datetime | None = None

    @property
    def written(self) -> int:
        """All of them."""
        return self.waiting + self.sent + self.failed + self.withdrawn


def progress(session: Session, mailing_ids: Sequence[int]) -> dict[int, Progress]:
    """How far these mailings have come, by number."""
    put_off = func.sum(case((Letter.attempts > 0, 1), else_=0))
    counted = (
        select(Letter.mailing_id, Letter.state, func.count(), put_off, func.max(Letter.sent_at))
        .where(Letter.mailing_id.in_(mailing_ids))
        .group_by(Letter.mailing_id, Letter.state)
    )
    found: dict[int, dict[str, Any]] = {mailing_id: {} for mailing_id in mailing_ids}
    for mailing_id, state, number, later, last in session.execute(counted):
        line = found[mailing_id or 0]
        line[{"queued": "waiting"}.get(state, state)] = number
        if state == "queued":
            line["put_off"] = int(later or 0)
        if state == "sent":
            line["last_sent_at"] = last
    return {mailing_id: Progress(**line) for mailing_id, line in found.items()}


def text_of(session: Session, letter: Letter) -> str:
    """What a letter says, whether it has words of its own or shares them with its mailing."""
    return whole_text(letter, shared_by(session, letter))


def shared_by(session: Session, letter: Letter) -> MailingText | None:
    """What this letter's mailing says for all; None where the letter has words of its own."""
    if letter.mailing_id is None or letter.text:
        return None
    return session.get(MailingText, (letter.mailing_id, letter.language))


def server_away(session: Session) -> str | None:
    """Why the mailings' letters stand still: what went wrong at the last try to reach the server; None if it answered."""
    payload = session.execute(select(Job.payload).where(Job.key == KEY)).scalar_one_or_none()
    return str(payload["error"]) if payload and payload.get("away") else None

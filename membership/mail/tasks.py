"""What the worker does for letters: one at a time by its own job, and mailings in turns of a second.

In a turn letters go out one after another, each noted when the server has it; then whatever else is due has its turn. While
the server cannot be reached the turns come at growing pauses, for as long as it takes: letters to many are never parked.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.db import asking, reading, transaction, writing
from membership.jobs.queue import Claimed, finishing, keep, post
from membership.jobs.worker import Task
from membership.mail import many
from membership.mail.bounces import note_bounce
from membership.mail.composing import composed
from membership.mail.line import Unreachable
from membership.mail.models import Letter, MailingText
from membership.mail.post import line, send
from membership.mail.rules import Came, next_try

log = logging.getLogger(__name__)

TURN_SECONDS = 1.0
AWAY_SECONDS, LONGEST_AWAY_SECONDS = 5, 300


def wake(job: Claimed) -> None:
    """Letters of a mailing were written: there is something to send."""
    with finishing(job) as session:
        post(session, "mail.send_many", many.KEY, {}, due_at=clock.now())


def send_many(job: Claimed) -> None:
    """One turn of sending."""
    with writing() as books:
        keep(books, job)
        letters, each = many.take_turn(books, TURN_SECONDS, clock.now())
    if not letters:
        with finishing(job) as session:
            post(session, job.name, job.key, job.payload, due_at=clock.now() + each)
        return
    turn = _Turn(job, letters)
    try:
        turn.run()
    except Unreachable as away:
        payload, pause = _away(job, str(away))
        due: datetime | None = clock.now() + pause
    else:
        payload, due = {}, clock.now()
    with finishing(job) as session:
        if turn.left:
            many.give_back(session.connection(), turn.left * each)
        if turn.is_over:
            due = many.close_finished(session, turn.finished)
        if due is not None:
            post(session, job.name, job.key, payload, due_at=due)


def _away(job: Claimed, error: str) -> tuple[dict[str, Any], timedelta]:
    """What the next try knows of this one, and after how long it comes."""
    tries = int(job.payload.get("away", 0)) + 1
    log.warning("the mail server cannot be reached (try %s): %s", tries, error)
    pause = min(AWAY_SECONDS * 2 ** min(tries - 1, 10), LONGEST_AWAY_SECONDS)
    return {"away": tries, "error": error}, timedelta(seconds=pause)


@dataclass
class _Turn:
    """So many letters at most, for about `TURN_SECONDS`. `is_over`: nothing was left that is due."""

    job: Claimed
    left: int
    finished: list[int] = field(default_factory=list)
    is_over: bool = False
    _texts: dict[tuple[int, str], MailingText | None] = field(default_factory=dict)

    def run(self) -> None:
        """Send, and note each one. Raises `Unreachable`, `LeaseLost`."""
        until = time.monotonic() + TURN_SECONDS
        with asking() as books:
            mailings = many.open_mailings(books)
        for mailing_id in mailings:
            behind = 0
            while letter := self._next(mailing_id, behind):
                if self.left <= 0 or time.monotonic() >= until:
                    return
                self._send(letter)
                self.left -= 1
                behind = letter.id
            self.finished.append(mailing_id)
        self.is_over = True

    def _next(self, mailing_id: int, behind: int) -> Any:
        with asking() as books:
            return many.next_letter(books, mailing_id, behind=behind, at=clock.now())

    def _send(self, letter: Any) -> None:
        try:
            made = composed(letter, line().office, self._text(letter))
        except (ValueError, UnicodeError) as error:  # one letter that cannot be written does not stop the others
            came, code, words = Came.REFUSED, 0, f"cannot be written: {type(error).__name__}"
        else:
            came, code, words = line().hand_over(letter.id, made, letter.address)
        if came is Came.TAKEN:
            with writing() as books:
                keep(books, self.job)
                many.note_sent(books, letter.id, clock.now())
        else:
            with transaction() as session:
                keep(session.connection(), self.job)
                _note_trouble(session, letter.id, came, code, words, at=clock.now())

    def _text(self, letter: Any) -> MailingText | None:
        """What the letter shares with others, asked for once a turn; None for one that has words of its own."""
        if letter.text:
            return None
        key = (letter.mailing_id, letter.language)
        if key not in self._texts:
            with reading() as session:
                self._texts[key] = session.get(MailingText, key)
        return self._texts[key]


def _note_trouble(session: Session, letter_id: int, came: Came, code: int, words: str, *, at: datetime) -> None:
    letter = session.execute(select(Letter).where(Letter.id == letter_id)).scalar_one()
    if letter.state != "queued":
        return
    letter.last_error, again = f"{code} {words}", None
    if came is Came.PUT_OFF:
        letter.attempts += 1
        again = next_try(letter.written_at, letter.attempts, at)
    if again is not None:
        letter.due_at = again
        return
    letter.state = "failed"
    session.flush()
    note_bounce(session, letter, hard=came is Came.NO_SUCH_ADDRESS, code=code, words=words, at=at)


TASKS: dict[str, Task] = {"mail.send": send, "mail.wake": wake, "mail.send_many": send_many}

"""Sending one letter: over SMTP, or for the demo and the tests into a directory as `.eml` files."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import select

from membership import clock
from membership.config import Config
from membership.db import reading
from membership.jobs.queue import Claimed, Park, finishing
from membership.mail import many
from membership.mail.bounces import note_bounce
from membership.mail.composing import PostOffice, composed
from membership.mail.line import Line
from membership.mail.models import Letter
from membership.mail.rules import GIVEN_UP_AFTER, Came

_line: Line | None = None


class PutOff(Exception):
    """The server asks to try again later; the job is put back, until the letter is too old to be worth it."""

    passes = True


def bind(config: Config) -> None:
    """From now on letters go out by these settings."""
    global _line
    host = urlsplit(config.base_url).hostname or "localhost"
    if _line is not None:
        _line.close()
    _line = Line(PostOffice(config.smtp_url, config.mail_from, host, config.secret_key))


def line() -> Line:
    """This process's way to the mail server."""
    assert _line is not None, "the house was not opened"
    return _line


def send(job: Claimed) -> None:
    """Send one letter: network first, then the note that it was sent. A letter that is refused is not tried for ever."""
    with reading() as session:
        letter = session.get(Letter, job.payload["letter"])
        shared = many.shared_by(session, letter) if letter else None
    came, code, words = Came.TAKEN, 250, ""
    if letter is not None and letter.state == "queued":
        came, code, words = line().hand_over(letter.id, composed(letter, line().office, shared), letter.address)
        if came is Came.PUT_OFF and clock.now() - letter.written_at < GIVEN_UP_AFTER:
            raise PutOff(f"{code} {words}")
    with finishing(job) as session:
        letter = session.execute(select(Letter).where(Letter.id == job.payload["letter"])).scalar_one_or_none()
        if letter is None:
            raise Park("the letter is gone")
        if letter.state != "queued":
            return
        at = clock.now()
        letter.state = "sent" if came is Came.TAKEN else "failed"
        letter.sent_at = at if came is Came.TAKEN else None
        letter.last_error = None if came is Came.TAKEN else f"{code} {words}"
        if letter.fleeting:
            letter.text = ""
        if came is Came.NO_SUCH_ADDRESS:
            note_bounce(session, letter, hard=True, code=code, words=words, at=at)

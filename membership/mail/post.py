"""Sending letters: over SMTP, or for the demo and the tests into a directory as `.eml` files.

The Message-ID is made from the letter's row, so that a letter sent twice (a crash between the server's "250" and our
commit) can be recognised as one by mail software.
"""

from __future__ import annotations

import os
import re
import smtplib
import ssl
import tempfile
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markupsafe import Markup, escape
from sqlalchemy import select

from membership import clock
from membership.config import Config
from membership.db import reading
from membership.jobs.queue import Claimed, Park, finishing
from membership.jobs.worker import Task
from membership.mail.models import Letter

TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class PostOffice:
    """Where letters go. `url` is SMTP_URL, `sender` MAIL_FROM, `host` the name in Message-IDs."""

    url: str
    sender: str
    host: str


_office: PostOffice | None = None


def bind(config: Config) -> None:
    """From now on letters go out by these settings."""
    global _office
    _office = PostOffice(config.smtp_url, config.mail_from, urlsplit(config.base_url).hostname or "localhost")


def send(job: Claimed) -> None:
    """Send one letter: network first, then the note that it was sent. A refused address is parked, not tried for ever."""
    assert _office is not None
    with reading() as session:
        letter = session.get(Letter, job.payload["letter"])
    if letter is not None and letter.state == "queued":
        try:
            _hand_over(_message(letter, _office), _office, letter)
        except smtplib.SMTPRecipientsRefused as error:
            if all(500 <= code < 600 for code, _ in error.recipients.values()):
                _note(job, letter.id, "failed", str(error))
                return
            raise
    _note(job, job.payload["letter"], "sent", None)


def _note(job: Claimed, letter_id: int, state: str, error: str | None) -> None:
    with finishing(job) as session:
        letter = session.execute(select(Letter).where(Letter.id == letter_id)).scalar_one_or_none()
        if letter is None:
            raise Park("the letter is gone")
        if letter.state != "queued":
            return
        letter.state, letter.last_error = state, error
        letter.sent_at = clock.now() if state == "sent" else None
        if letter.fleeting:
            letter.text = ""


def _message(letter: Letter, office: PostOffice) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<letter-{letter.id}@{office.host}>"
    message["From"] = office.sender if "<" in office.sender else formataddr(("", office.sender))
    message["To"] = _with_ascii_domain(letter.address)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.written_at)
    message["Auto-Submitted"] = "auto-generated"
    if letter.stop_address:  # RFC 8058: the mail program's own button
        message["List-Unsubscribe"] = f"<{letter.stop_address}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text)
    message.add_alternative(html_of(letter.text, letter.language), subtype="html")
    return message


def _with_ascii_domain(address: str) -> str:
    """The address with its domain in IDNA: a server without SMTPUTF8 takes no other."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


_LINK = re.compile(r"https?://[^\s<>]+")


def html_of(text: str, language: str) -> str:
    """The text as quiet HTML: its paragraphs, its links; a link that stands alone on its line becomes a button."""
    button = (
        '<p style="margin:24px 0"><a href="{0}" style="background:#9a3324;color:#fff;padding:12px 20px;'
        'border-radius:6px;text-decoration:none;display:inline-block">{0}</a></p>'
    )
    paragraphs = []
    for block in text.strip().split("\n\n"):
        if _LINK.fullmatch(block.strip()):
            paragraphs.append(button.format(escape(block.strip())))
        else:
            linked = _LINK.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', str(escape(block)))
            paragraphs.append(f'<p style="margin:0 0 16px">{linked.replace(chr(10), "<br>")}</p>')
    body = "".join(paragraphs)
    return Markup(  # noqa: S704 - every piece above is escaped
        f'<!doctype html><html lang="{language}"><body style="margin:0;padding:24px;background:#fdfbf7;color:#221e1a;'
        f'font:17px/1.6 Georgia,serif"><div style="max-width:560px;margin:0 auto">{body}</div></body></html>'
    )


def _hand_over(message: EmailMessage, office: PostOffice, letter: Letter) -> None:
    if office.url.startswith("file:"):
        _into_directory(message, Path(office.url.removeprefix("file:")), letter.id)
    else:
        _over_smtp(message, office.url)


def _into_directory(message: EmailMessage, directory: Path, letter_id: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=directory, prefix=".", delete=False) as file:
        file.write(message.as_bytes())
    os.replace(file.name, directory / f"{letter_id:08d}.eml")  # noqa: PTH105 - atomic, and one file however often sent


def _over_smtp(message: EmailMessage, url: str) -> None:
    parts = urlsplit(url)
    host, tls = parts.hostname or "localhost", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=tls)
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_SECONDS)
    with server:
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=tls)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


TASKS: dict[str, Task] = {"mail.send": send}

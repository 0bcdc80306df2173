"""The way to the mail server: one connection for many letters, made anew when it broke or grew old.

    came, code, words = line.hand_over(letter_id, message, address)

A connection that broke, a server that closes (421) or does not know us is `Unreachable`: that is about the server, and no
letter's fault. If it breaks after the letter's last line, nobody can know whether the server took it; the letter is handed
over again, under the same Message-ID.
"""

from __future__ import annotations

import os
import smtplib
import ssl
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from membership.mail.composing import PostOffice, with_ascii_domain
from membership.mail.rules import CLOSING, Came, meaning, without_addresses

TIMEOUT_SECONDS = 20
LETTERS_PER_CONNECTION = 500
ASKED_AFTER_SECONDS = 2.0
"""A connection that lay idle for so long is asked first whether it still stands."""


class Unreachable(Exception):
    """The mail server cannot be spoken to now; the words name nobody."""

    passes = True


class Line:
    """The connection of one process. `file:` addresses need none: each letter becomes a file."""

    def __init__(self, office: PostOffice) -> None:
        self.office = office
        self._server: smtplib.SMTP | None = None
        self._used_at = 0.0
        self._handed_over = 0

    def hand_over(self, letter_id: int, message: bytes, address: str) -> tuple[Came, int, str]:
        """Hand one letter over; what the server said to it. Raises `Unreachable`."""
        if self.office.url.startswith("file:"):
            _into_directory(message, Path(self.office.url.removeprefix("file:")), letter_id)
            return Came.TAKEN, 250, ""
        try:
            server = self._standing()
            said = self._say(server, letter_id, message, with_ascii_domain(address))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Unreachable(without_addresses(f"{type(error).__name__}: {error}")) from error
        self._used_at = time.monotonic()
        self._handed_over += 1
        return said

    def close(self) -> None:
        """Let go of the connection, politely if it still hears."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            with suppress(OSError):
                server.close()

    def _say(self, server: smtplib.SMTP, letter_id: int, message: bytes, address: str) -> tuple[Came, int, str]:
        """One letter's part of the conversation; after a refusal smtplib says RSET, so that the next one begins anew."""
        envelope, recipient = self._options(server, letter_id)
        words: bytes | str
        if not address.isascii():  # RFC 6531
            if not server.has_extn("smtputf8"):
                return Came.REFUSED, 553, "the server takes no address in letters beyond ASCII"
            envelope += ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            server.sendmail(self.office.sender_address, [address], message, envelope, recipient)
        except smtplib.SMTPRecipientsRefused as refused:
            ((code, words),) = refused.recipients.values()
        except smtplib.SMTPDataError as refused:
            code, words = refused.smtp_code, refused.smtp_error
        else:
            return Came.TAKEN, 250, ""
        if code == CLOSING:
            raise smtplib.SMTPServerDisconnected(f"{code} {_text(words)}")
        return meaning(code, _text(words)), code, without_addresses(_text(words))

    def _options(self, server: smtplib.SMTP, letter_id: int) -> tuple[list[str], list[str]]:
        """RFC 3461: the letter's name comes back in every report about it, and only failures are reported."""
        if not server.has_extn("dsn"):
            return [], []
        return [f"ENVID={self.office.name_of(letter_id)}", "RET=HDRS"], ["NOTIFY=FAILURE"]

    def _standing(self) -> smtplib.SMTP:
        """A connection that can be used: the one there is, or a new one."""
        if self._server is not None and self._handed_over >= LETTERS_PER_CONNECTION:
            self.close()
        if self._server is not None and time.monotonic() - self._used_at > ASKED_AFTER_SECONDS:
            try:
                if self._server.noop()[0] != 250:
                    self.close()
            except (OSError, smtplib.SMTPException):
                self.close()
        if self._server is None:
            self._server, self._handed_over = _connected(self.office.url), 0
        return self._server


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _connected(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, tls = parts.hostname or "localhost", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=tls)
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo_or_helo_if_needed()
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=tls)
            server.ehlo()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _into_directory(message: bytes, directory: Path, letter_id: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=directory, prefix=".", delete=False) as file:
        file.write(message)
    os.replace(file.name, directory / f"{letter_id:08d}.eml")  # noqa: PTH105 - atomic, and one file however often sent

"""A mail server on a socket of its own that does on purpose what mail servers do: refuse, put off, go away in the middle.

with post_office() as office:
    office.answers["full@example.org"] = "452 4.2.2 mailbox full"
    …
    assert [letter.address for letter in office.taken] == […]
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.house_on_sockets import free_port


@dataclass(frozen=True)
class Taken:
    """A letter that the server has: to whom, under which Message-ID, and its bytes."""

    address: str
    message_id: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The letter, read."""
        read = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        return read


@dataclass
class PostOffice:
    """What the server does (`answers` by address at RCPT, `after_data` by address at the end, `dropping` so many letters
    taken without a word, `busy` so many put off) and what it saw."""

    port: int
    answers: dict[str, str] = field(default_factory=dict)
    after_data: dict[str, str] = field(default_factory=dict)
    dropping: int = 0
    busy: int = 0
    keep_content: bool = True
    taken: list[Taken] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    _controller: Any = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Take connections (again)."""
        self._controller = _Here(self, hostname="127.0.0.1", port=self.port)
        connections = self.connections
        self._controller.start()
        self.connections = connections  # starting, it looks by itself whether somebody answers

    def shut(self) -> None:
        """Nobody is there: new connections are refused, and those that stand break."""
        if self._controller is not None:
            self._controller.break_all()
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.busy > 0:
            self.busy -= 1
            return "451 4.3.0 try again later"
        answer = self.answers.get(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        (address,) = envelope.rcpt_tos
        if address in self.after_data:
            return self.after_data[address]
        head = content.split(b"\r\n\r\n", 1)[0] if self.keep_content else content[:400]
        message_id = str(message_from_bytes(head)["Message-ID"])
        self.taken.append(Taken(address, message_id, content if self.keep_content else b""))
        if self.dropping > 0:
            self.dropping -= 1
            self.unanswered[message_id] += 1
            server.transport.abort()
        return "250 OK"


class _Server(SMTP):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.event_handler.connections += 1


class _Here(Controller):
    def factory(self) -> SMTP:
        made = _Server(self.handler, hostname="mail.lantern.example", enable_SMTPUTF8=False)
        self.standing = [one for one in getattr(self, "standing", []) if one.transport is not None] + [made]
        return made

    def break_all(self) -> None:
        for one in getattr(self, "standing", []):
            if one.transport is not None:
                self.loop.call_soon_threadsafe(one.transport.abort)


@contextlib.contextmanager
def post_office() -> Iterator[PostOffice]:
    """A mail server for one test."""
    office = PostOffice(free_port())
    office.open()
    try:
        yield office
    finally:
        office.shut()

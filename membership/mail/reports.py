"""Reports of mail servers about letters that could not be delivered (RFC 3464), read out of messages and mailboxes. Pure.

A report names the letter by its envelope's name (`Original-Envelope-Id`, which we give where the server takes it) or by the
Message-ID of the letter that it returns. Forms that are no reports are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any

from membership.mail.rules import without_addresses

_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_MESSAGE_ID = re.compile(r"<([^<>@\s]+)@[^<>\s]*>")


@dataclass(frozen=True)
class Report:
    """One recipient's part of a report. `names`: what may be the letter's name, the surest first. `action`: failed, delayed,
    delivered, relayed or expanded. `words` name nobody."""

    names: tuple[str, ...]
    action: str
    status: str
    words: str


def messages(content: bytes) -> Iterator[bytes]:
    """The messages of a mailbox in mbox form, or the one message that it is."""
    if not content.startswith(b"From "):
        if content.strip():
            yield content
        return
    for part in re.split(rb"(?:^|(?<=\n))From [^\n]*\n", content):
        if part.strip():
            yield re.sub(rb"(?m)^>(>*From )", rb"\1", part)


def reports(content: bytes) -> list[Report]:
    """What a message reports, a recipient each; nothing if it is no report."""
    message = message_from_bytes(content)
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return []
    parts = [part for part in message.get_payload() if isinstance(part, Message)]
    groups = next((_groups(part) for part in parts if part.get_content_type() == "message/delivery-status"), [])
    if not groups:
        return []
    envelope = str(groups[0].get("Original-Envelope-Id", "")).strip()
    names = tuple(
        dict.fromkeys([*([envelope] if envelope else []), *(name for part in parts for name in _returned(part))])
    )
    return [_report(group, names) for group in groups[1:] if group.get("Action")]


def _groups(part: Message) -> list[Any]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _returned(part: Message) -> Iterator[str]:
    """The Message-ID of the letter that came back, whole or only its head."""
    kind, payload = part.get_content_type(), part.get_payload()
    head: Message | None = None
    if kind == "message/rfc822" and isinstance(payload, list) and payload and isinstance(payload[0], Message):
        head = payload[0]
    elif kind == "text/rfc822-headers":
        decoded = part.get_payload(decode=True)
        head = message_from_bytes(decoded) if isinstance(decoded, bytes) else None
    match = _MESSAGE_ID.search(str(head.get("Message-ID", ""))) if head is not None else None
    if match:
        yield match[1]


def _report(group: Any, names: tuple[str, ...]) -> Report:
    status = _STATUS.match(str(group.get("Status", "")))
    words = str(group.get("Diagnostic-Code", "")).partition(";")[2] or str(group.get("Diagnostic-Code", ""))
    action = str(group.get("Action", "")).split("(")[0].strip().lower()
    return Report(names, action, status[1] if status else "", without_addresses(words))

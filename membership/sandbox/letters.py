"""The letters that the house wrote, read from its directory of `.eml` files."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

MOST = 500
HEADERS = BytesParser(policy=email.policy.default)


def written(directory: Path | None, to: str | None = None) -> list[dict[str, object]]:
    """The newest `MOST` letters, newest last: to, subject, text, sent_at (Unix seconds), file. `to` keeps one addressee's."""
    if directory is None or not directory.is_dir():
        return []
    files = [file for file in directory.glob("*.eml") if not file.name.startswith(".")]
    if to is not None:
        files = [file for file in files if to.lower() in _addressee(file)]
    files.sort(key=lambda file: (file.stat().st_mtime_ns, file.name))
    return [_read(file) for file in files[-MOST:]]


def _addressee(file: Path) -> str:
    """In small letters; only the header is read, for many thousands may lie here."""
    with file.open("rb") as letter:
        return str(HEADERS.parse(letter, headersonly=True)["To"] or "").lower()


def _read(file: Path) -> dict[str, object]:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    text = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    return {
        "to": str(message["To"] or ""),
        "subject": str(message["Subject"] or "").strip(),
        "text": text.get_content() if text else "",
        "sent_at": int(file.stat().st_mtime),
        "file": file.name,
    }

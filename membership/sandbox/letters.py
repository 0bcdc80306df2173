"""The letters that the house wrote, read from its directory of `.eml` files."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

MOST = 500


def written(directory: Path | None, to: str | None = None) -> list[dict[str, object]]:
    """Letters, newest last: to, subject, text, sent_at (Unix seconds), file. `to` keeps one addressee's."""
    if directory is None or not directory.is_dir():
        return []
    files = sorted(directory.glob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    letters = [_read(file) for file in files[-MOST:] if not file.name.startswith(".")]
    return [letter for letter in letters if to is None or to.lower() in str(letter["to"]).lower()]


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

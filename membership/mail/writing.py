"""Writing letters: a template rendered in the recipient's language, kept as a row beside its reason.

A letter's template is `templates/letters/<kind>.txt`: the first line is the subject, the rest the text. The HTML part is
made of the same text when the letter is sent, so that the two never differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from flask_babel import force_locale
from sqlalchemy.orm import Session

from membership.db import insert_once_for_id
from membership.jobs.queue import post
from membership.languages import language_of
from membership.mail.models import Letter

_GAPS = re.compile(r"\n[ \t]*\n\s*\n")
"""What a sentence that does not apply leaves behind in a template: one empty line is enough."""


@dataclass(frozen=True)
class Recipient:
    """To whom: an address, and the reader behind it if there is one."""

    address: str
    name: str = ""
    language: str = "en"
    reader_id: int | None = None


def write(
    session: Session,
    kind: str,
    to: Recipient,
    *,
    key: str,
    at: datetime,
    fleeting: bool = False,
    stop_address: str | None = None,
    **values: Any,
) -> bool:
    """Write a letter and the job that sends it. `key` names its reason: False when it had been written before.

    A `fleeting` letter carries a secret; its text is wiped once it is sent. `stop_address`: where letters of
    this sort can be stopped.
    """
    with force_locale(language_of(to.language)):
        rendered = render_template(f"letters/{kind}.txt", to=to, stop_address=stop_address, **values)
    subject, text = in_words(rendered)
    letter_id = insert_once_for_id(
        session, Letter, key=key, kind=kind, reader_id=to.reader_id, address=to.address, language=language_of(to.language),
        subject=subject, text=text, fleeting=fleeting,
        stop_address=stop_address, state="queued", written_at=at,
    )  # fmt: skip
    if letter_id is not None:
        post(session, "mail.send", f"letter:{letter_id}", {"letter": letter_id}, due_at=at)
    return letter_id is not None


def in_words(rendered: str) -> tuple[str, str]:
    """What a template said: the subject, and the text."""
    subject, _, text = rendered.strip().partition("\n")
    return " ".join(subject.split()), _GAPS.sub("\n\n", text.strip()) + "\n"

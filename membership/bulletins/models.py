"""Bulletins and what they say in each language. The letters made of them lie with all other letters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Bulletin(Base):
    """A letter to many. `sort` is the switch by which readers stop it, `segment` whom it is for (`rules.Segment`).

    A *draft* may change; *scheduled*, it starts at `due_at`; *started*, its words and its mailing are fixed, and recipients
    are gathered, as they stand at `started_at`, in the order of their numbers up to `gathered_to`, until `gathered_at`;
    *stopped*, nobody gets it any more. `paused` holds what is left.
    """

    __tablename__ = "bulletin"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'scheduled', 'started', 'stopped')", name="state"),
        CheckConstraint("(state = 'scheduled') <= (due_at IS NOT NULL)", name="due_when_scheduled"),
        CheckConstraint("(state IN ('started', 'stopped')) = (mailing_id IS NOT NULL)", name="mailing_when_started"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    attempt: Mapped[str] = mapped_column(Text, unique=True)
    sort: Mapped[str] = mapped_column(Text)
    segment: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(Text)
    paused: Mapped[bool]
    made_by: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    made_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    started_at: Mapped[datetime | None]
    gathered_to: Mapped[int] = mapped_column(Key)
    gathered_at: Mapped[datetime | None]
    mailing_id: Mapped[int | None] = mapped_column(ForeignKey("mailing.id"), unique=True)


class BulletinText(Base):
    """A bulletin's subject and its words (Markdown) in one language; both may be empty while it is a draft."""

    __tablename__ = "bulletin_text"

    bulletin_id: Mapped[int] = mapped_column(ForeignKey("bulletin.id"), primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)

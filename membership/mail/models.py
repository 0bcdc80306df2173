"""The letters table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Letter(Base):
    """One letter to one address. `reader_id` is a plain number, because readers stand on a floor above.

    A `fleeting` letter carries a secret (a sign-in link): its text is wiped once it is sent. `stop_address` is where letters
    of its sort can be stopped without signing in; empty for those that nobody can stop.
    """

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sent', 'failed')", name="state"),
        Index("ix_letter_reader_id", "reader_id"),
        Index(
            "ix_letter_failed",
            "state",
            sqlite_where=text("state = 'failed'"),
            postgresql_where=text("state = 'failed'"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    reader_id: Mapped[int | None] = mapped_column(Key)
    address: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    fleeting: Mapped[bool]
    stop_address: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)

"""What staff write down about a reader, and why somebody left: said freely, or not at all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.account.rules import LEAVING
from membership.db import Base, Key

_LISTED = ", ".join(f"'{reason}'" for reason in LEAVING)


class PatronNote(Base):
    """A note by staff about a reader: dated, with its author, never changed. `attempt` makes a double click one note."""

    __tablename__ = "patron_note"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    attempt: Mapped[str] = mapped_column(Text, unique=True)
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]


class LeavingReason(Base):
    """What a reader said when cancelling. One per membership and asked end: said again, the latest stands.

    `words` are the reader's own: shown to staff, never to other readers.
    """

    __tablename__ = "leaving_reason"
    __table_args__ = (CheckConstraint(f"reason IN ({_LISTED})", name="reason"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]

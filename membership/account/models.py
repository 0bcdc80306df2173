"""What staff write down about a reader."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class PatronNote(Base):
    """A note by staff about a reader: dated, with its author, never changed. `attempt` makes a double click one note."""

    __tablename__ = "patron_note"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    attempt: Mapped[str] = mapped_column(Text, unique=True)
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]

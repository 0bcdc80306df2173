"""That somebody asked to be erased, and how far that has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Erasure(Base):
    """A reader asked to be erased by the link in a letter (`token_hash`), and confirmed it; or the operator did for them
    (no token). `erased_at`: nothing of the person stands in our tables any more; `payers_gone_at`: nor at Stripe."""

    __tablename__ = "erasure"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    token_hash: Mapped[str | None] = mapped_column(Text, unique=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    payers_gone_at: Mapped[datetime | None]

"""Why somebody left: said freely, or not at all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.account.rules import LEAVING
from membership.db import Base, Key

_LISTED = ", ".join(f"'{reason}'" for reason in LEAVING)


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

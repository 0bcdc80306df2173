"""Group memberships: one reader pays, several have a seat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class GroupSeat(Base):
    """A seat of a group membership that was offered to an address; its standing is that of the membership.

    `reader_id` and `taken_at` once the invitation was accepted, `freed_at` when it was given up or taken back: then the
    next one gets a row of their own. `token` is the invitation's secret.
    """

    __tablename__ = "group_seat"
    __table_args__ = (
        Index(
            "uq_group_seat_held",
            "membership_id",
            "reader_id",
            unique=True,
            sqlite_where=text("freed_at IS NULL"),
            postgresql_where=text("freed_at IS NULL"),
        ),
        Index(
            "uq_group_seat_offered",
            "membership_id",
            "email_key",
            unique=True,
            sqlite_where=text("freed_at IS NULL"),
            postgresql_where=text("freed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    token: Mapped[str] = mapped_column(Text, unique=True)
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text)
    offered_at: Mapped[datetime]
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"), index=True)
    taken_at: Mapped[datetime | None]
    freed_at: Mapped[datetime | None]

"""The inbox: every event that Stripe delivered, once, as it came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base


class StripeEvent(Base):
    """One event by its id. `root_id` is the object whose lease covers it (an invoice is taken in under its subscription).

    A thin event names no root: until the worker has found it, `root_id` is its own object. `snapshot_id` is the event
    that tells the same change with the object in it, if there is one. `raw` is emptied in time; `raw_sha256` says then what
    it was.
    """

    __tablename__ = "stripe_event"
    __table_args__ = (
        CheckConstraint("state IN ('new', 'applied', 'ignored')", name="state"),
        Index("ix_stripe_event_root", "root_id", "state"),
        Index(
            "ix_stripe_event_new",
            "received_at",
            sqlite_where=text("state = 'new'"),
            postgresql_where=text("state = 'new'"),
        ),
        Index(
            "ix_stripe_event_snapshot",
            "snapshot_id",
            sqlite_where=text("snapshot_id IS NOT NULL"),
            postgresql_where=text("snapshot_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    object_id: Mapped[str] = mapped_column(Text)
    root_id: Mapped[str] = mapped_column(Text)
    api_version: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[datetime | None]
    snapshot_id: Mapped[str | None] = mapped_column(Text)
    raw_sha256: Mapped[str | None] = mapped_column(Text)


class ErasedRoot(Base):
    """An object at Stripe that belonged to a reader who was erased: what is told of it is taken in, and its body not kept."""

    __tablename__ = "erased_root"

    root_id: Mapped[str] = mapped_column(Text, primary_key=True)

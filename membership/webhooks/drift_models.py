"""Where Stripe and our books were found to differ, what staff should know of, and each run of the reconciler."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Drift(Base):
    """A difference (or a note) about one `object`: what we have (`ours`) and what Stripe has (`theirs`), in words.

    `root_id` is the object whose job repairs it; without one a person decides. Open until `settled_at`; `settled_by` is
    who pressed the button, empty for what settled by itself. One open row per kind and object, however often it is found.
    """

    __tablename__ = "drift"
    __table_args__ = (
        Index(
            "uq_drift_open",
            "kind",
            "object",
            unique=True,
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index("ix_drift_root", "root_id", "settled_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    object: Mapped[str] = mapped_column(Text)
    root_id: Mapped[str | None] = mapped_column(Text)
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"), index=True)
    ours: Mapped[str] = mapped_column(Text)
    theirs: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))


class Reconciliation(Base):
    """One run of the reconciler: what it looked back to, and what it met. `ended_at` is empty while it runs."""

    __tablename__ = "reconciliation"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    since: Mapped[datetime]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    looked: Mapped[int]
    missed: Mapped[int]
    found: Mapped[int]


class Swept(Base):
    """A subscription that a run met at Stripe; what it did not meet is asked for one by one at the end of the run."""

    __tablename__ = "swept"

    run_id: Mapped[int] = mapped_column(ForeignKey("reconciliation.id"), primary_key=True)
    subscription_id: Mapped[str] = mapped_column(Text, primary_key=True)

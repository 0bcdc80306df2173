"""The jobs table and the worker's heartbeat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Job(Base):
    """One piece of work. `due_at` is in house time; `leased_until` in wall time, because a lease measures real waiting."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('ready', 'running', 'parked')", name="state"),
        Index("ix_job_due", "due_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    again: Mapped[bool]
    lease: Mapped[str | None] = mapped_column(Text)
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    posted_at: Mapped[datetime]


class WorkerBeat(Base):
    """When a worker was last seen alive, in wall time; `/readyz` reads it."""

    __tablename__ = "worker_beat"

    worker: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime]

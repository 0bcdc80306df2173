"""Observers of ballots, and which heads of the log they were told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class BallotObserver(Base):
    """Somebody outside the team who is sent the head of each ballot's log. `token` is the address by which they stop it;
    the row goes with that, and with it the address."""

    __tablename__ = "ballot_observer"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    email_key: Mapped[str] = mapped_column(Text, unique=True)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(Text, unique=True)
    named_at: Mapped[datetime]
    named_by: Mapped[int] = mapped_column(ForeignKey("reader.id"))


class BallotHead(Base):
    """That so many observers were told the hash of line `seq` of a ballot's log: at its opening, at noon, or at its end."""

    __tablename__ = "ballot_head"
    __table_args__ = (CheckConstraint("moment IN ('opened', 'noon', 'closed', 'cancelled')", name="moment"),)

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(Text)
    moment: Mapped[str] = mapped_column(Text)
    observers: Mapped[int]
    told_at: Mapped[datetime]

"""What the house was alarmed about, and the backups that were made of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key

_OPEN = text("over_at IS NULL")


class Alarm(Base):
    """Something was beyond what staff set, from `raised_at` on; `seen_at`: when it was last. One open row for each name.

    Staff were written to at `told_at`; what was over before that is forgotten. `figure` is the worst that was seen.
    """

    __tablename__ = "alarm"
    __table_args__ = (Index("uq_alarm_open", "name", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    figure: Mapped[int] = mapped_column(BigInteger)
    raised_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]


class BackupMade(Base):
    """`membership backup` wrote a whole file."""

    __tablename__ = "backup_made"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    made_at: Mapped[datetime]
    rows: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)

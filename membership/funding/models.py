"""From which sum on givers are named, and who agreed to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class FundingLimit(Base):
    """One row: who gives this much or more within the four quarters stands on /funding, by name or as somebody unnamed."""

    __tablename__ = "funding_limit"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"), CheckConstraint("minor > 0", name="minor"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(Text)


class FundingName(Base):
    """The name under which a reader agreed to be shown, if they give that much. `noted_by`: staff, who have it in writing."""

    __tablename__ = "funding_name"

    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    agreed_at: Mapped[datetime]
    noted_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))

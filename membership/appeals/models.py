"""Appeals with their words by variant and language, and how often each was seen and clicked on a day under an article."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key

BUILT_IN = 0
"""The number of the appeal that the site brings along: shown, and counted, while staff run none of their own."""
NOWHERE = 0
"""In the place of an article's number: the appeal stood under no article of ours."""


class Appeal(Base):
    """What staff ask readers for, in one to four variants that are dealt out by article and day. One runs at a time.

    `changed_at` is set when words were changed while it ran: what was counted before belongs to the older words.
    """

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'running', 'ended')", name="state"),
        CheckConstraint("variants BETWEEN 1 AND 4", name="variants"),
        Index("uq_appeal_running", "state", unique=True, sqlite_where=text("state = 'running'"),
              postgresql_where=text("state = 'running'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    variants: Mapped[int]
    made_at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]


class AppealText(Base):
    """The words of one variant (0 is A) in one language. `{price}` in them is the smallest monthly price."""

    __tablename__ = "appeal_text"

    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"), primary_key=True)
    variant: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    heading: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    button: Mapped[str] = mapped_column(Text)
    ways: Mapped[str] = mapped_column(Text)


class AppealCount(Base):
    """How often an appeal's variant was seen and clicked on a day of the newsroom's, under an article, in a language.

    Aggregates only: nothing in it is about one reader. Zero stands for the built-in appeal and for no article.
    """

    __tablename__ = "appeal_count"

    day: Mapped[date] = mapped_column(primary_key=True)
    appeal_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    article_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    variant: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    seen: Mapped[int]
    clicked: Mapped[int]

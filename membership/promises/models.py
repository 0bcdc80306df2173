"""Promises and their history."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Promise(Base):
    """What the newsroom owes to those who voted: a story on the topic that won, with an editor and a date.

    *accepted* (nobody has taken it up yet), *reporting* (with editor and date), then *published* with the story's address
    or *declined* with a reason that everybody may read. `delay_reason` is public too: why the promised day was not kept.
    """

    __tablename__ = "promise"
    __table_args__ = (
        UniqueConstraint("ballot_id", "topic_id"),
        CheckConstraint("state IN ('accepted', 'reporting', 'published', 'declined')", name="state"),
        CheckConstraint("state <> 'published' OR story_url IS NOT NULL", name="published_with_story"),
        CheckConstraint("state <> 'declined' OR reason IS NOT NULL", name="declined_with_reason"),
        Index("ix_promise_state", "state"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"))
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    editor_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    due_on: Mapped[date | None] = mapped_column(Date)
    story_url: Mapped[str | None] = mapped_column(Text)
    story_title: Mapped[str | None] = mapped_column(Text)
    delay_reason: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class PromiseStep(Base):
    """One thing that happened to a promise; `words` are public (of a *dated* step they are the day, in ISO 8601)."""

    __tablename__ = "promise_step"
    __table_args__ = (CheckConstraint("kind IN ('made', 'dated', 'published', 'declined')", name="kind"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    promise_id: Mapped[int] = mapped_column(ForeignKey("promise.id"), index=True)
    kind: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    at: Mapped[datetime]

    @property
    def day(self) -> date | None:
        """The day that was promised, of a step that named one."""
        return date.fromisoformat(self.words) if self.kind == "dated" else None


class PromisePicture(Base):
    """The picture of a published story, read from its page and painted anew: a JPEG. Kept here, so that readers' browsers
    ask nobody else for it."""

    __tablename__ = "promise_picture"

    promise_id: Mapped[int] = mapped_column(ForeignKey("promise.id"), primary_key=True)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)


class PromiseSetting(Base):
    """The one row of settings. `late_after`: so many days after a promised day has passed, readers are told as well."""

    __tablename__ = "promise_setting"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("late_after BETWEEN 0 AND 365", name="late_after"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    late_after: Mapped[int]

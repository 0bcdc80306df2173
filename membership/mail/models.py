"""The letters, those to many and what they share, and what came back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


def _only(condition: str) -> dict[str, object]:
    """An index over the rows of which this is true, on both databases."""
    return {"sqlite_where": sql(condition), "postgresql_where": sql(condition)}


class Mailing(Base):
    """Letters to many for one reason, which `name` tells (`bulletin:7`, `promise:3`); sent one after another, see `many`.

    `sort` is the switch by which a reader stops them. Those of a lower `lane` go first. While it is `held` nobody gets any:
    it is still being written, or was paused. `open`: letters of it may be waiting.
    """

    __tablename__ = "mailing"
    __table_args__ = (Index("ix_mailing_open", "lane", "id", **_only("open")),)  # type: ignore[arg-type]

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    sort: Mapped[str] = mapped_column(Text)
    lane: Mapped[int]
    held: Mapped[bool]
    open: Mapped[bool]


class MailingText(Base):
    """What all letters of a mailing in one language say, kept once. `html` is the body's inside, clean; `stop_words` stand
    before each reader's own address for stopping."""

    __tablename__ = "mailing_text"

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id"), primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    stop_words: Mapped[str] = mapped_column(Text)


class Letter(Base):
    """One letter to one address. `reader_id` is a plain number, because readers stand on a floor above.

    A `fleeting` letter carries a secret (a sign-in link): its text is wiped once it is sent. `stop_address` is where letters
    of its sort can be stopped without signing in; empty for those that nobody can stop.

    One of a mailing has no job of its own; `due_at` is when it is tried (again), `attempts` how often the server put it off.
    Its `text` is empty where the mailing has one for all. *withdrawn*: it was not wanted any more before it was sent.
    """

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sent', 'failed', 'withdrawn')", name="state"),
        Index("ix_letter_reader_id", "reader_id"),
        Index("ix_letter_failed", "state", **_only("state = 'failed'")),  # type: ignore[arg-type]
        Index("ix_letter_waiting", "mailing_id", "id", **_only("state = 'queued' AND mailing_id IS NOT NULL")),  # type: ignore[arg-type]
        Index("ix_letter_mailing_id_state", "mailing_id", "state", **_only("mailing_id IS NOT NULL")),  # type: ignore[arg-type]
        Index(
            "uq_letter_mailing_id_address", "mailing_id", "address", unique=True,
            **_only("mailing_id IS NOT NULL"),  # type: ignore[arg-type]
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    reader_id: Mapped[int | None] = mapped_column(Key)
    address: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    fleeting: Mapped[bool]
    stop_address: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    mailing_id: Mapped[int | None] = mapped_column(ForeignKey("mailing.id"))
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=sql("0"))


class MailPace(Base):
    """How many letters of mailings go out a minute, as staff have set it, and from when on the next ones may."""

    __tablename__ = "mail_pace"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    per_minute: Mapped[int]
    free_at: Mapped[datetime | None]


class Bounce(Base):
    """A letter that came back: refused at once, given up after many tries, or by a report that came later.

    `hard`: the address takes no letters, and gets none of a mailing while it is the reader's, until `lifted_at`. `status` is
    the server's (`5.1.1`, or `550` where it gave no other).
    """

    __tablename__ = "bounce"
    __table_args__ = (
        Index("ix_bounce_reader_id", "reader_id"),
        Index("ix_bounce_standing", "reader_id", "address", **_only("hard AND lifted_at IS NULL")),  # type: ignore[arg-type]
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), unique=True)
    reader_id: Mapped[int | None] = mapped_column(Key)
    address: Mapped[str] = mapped_column(Text)
    hard: Mapped[bool]
    status: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]

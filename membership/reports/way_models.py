"""More sums that reports read: by way of coming, by perk, and how many stayed after a ballot or a story. Like those of
`models` they can be thrown away and made anew at any time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class RollMark(Base):
    """Up to which row of a table that only grows (`movement`, `payment`, `perk_step`) its sums reach, and in which time zone
    their months begin."""

    __tablename__ = "roll_mark"
    __table_args__ = (CheckConstraint("source IN ('movement', 'payment', 'perk_step')", name="source"),)

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    zone: Mapped[str] = mapped_column(Text)
    upto: Mapped[int] = mapped_column(Key)
    rolled_at: Mapped[datetime]


class TouchMonth(Base):
    """What came in a month by one `way`: `last` and `first` (article), `embed`, `campaign`, `language`, `appeal` (its number
    and variant, `3/1`).

    The articles' number stands in `article_id` (0: none), of the other ways the name in `name` (empty: none). `patrons`:
    memberships that began or came back. `payments` and `gross` (minor units): everything that was paid; `begun` and
    `begun_gross` of it what began something, so no renewals.
    """

    __tablename__ = "touch_month"
    __table_args__ = (
        CheckConstraint("way IN ('last', 'first', 'embed', 'campaign', 'language', 'appeal')", name="way"),
    )

    way: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    article_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False, index=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    patrons: Mapped[int]
    begun: Mapped[int]
    payments: Mapped[int]
    begun_gross: Mapped[int] = mapped_column(Minor)
    gross: Mapped[int] = mapped_column(Minor)


class PerkMonth(Base):
    """How many grants of a perk came in a month from one state (`was`, empty: they were issued) to another (`state`)."""

    __tablename__ = "perk_month"

    perk_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    was: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int]


class Stay(Base):
    """Of the `people` who were members at `since`, how many were so (`stayed`) this many `months` later.

    `whose`: those on the roll of ballot `subject` who *voted* and who did *not*, counted from its close; those who proposed
    or support a topic that was *answered* by promise `subject`, counted from the story; and those whose topics on ballot
    `subject` were *unchosen*. Numbers only; whoever reads them leaves out small ones.
    """

    __tablename__ = "stay"
    __table_args__ = (CheckConstraint("whose IN ('voted', 'not', 'answered', 'unchosen')", name="whose"),)

    whose: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    months: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[datetime]
    people: Mapped[int]
    stayed: Mapped[int]

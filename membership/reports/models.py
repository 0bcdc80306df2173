"""Sums by month that reports read instead of all movements. They can be thrown away and made anew at any time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class RollUp(Base):
    """Up to which movement (its number) and which line of the ledger the sums reach, and in which time zone their months
    begin; after which payout the next ones are looked at. One row, or none yet."""

    __tablename__ = "roll_up"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    zone: Mapped[str] = mapped_column(Text)
    upto: Mapped[int] = mapped_column(Key)
    ledger_upto: Mapped[int] = mapped_column(Key, default=0, server_default=text("0"))
    payout_upto: Mapped[int] = mapped_column(Key, default=0, server_default=text("0"))
    rolled_at: Mapped[datetime]


class MovementMonth(Base):
    """The movements of a month (`2026-11`) by currency, kind, tier and source.

    `number` of them; what they change in the number of `paying` memberships and of `members` (who pauses stays one); and in
    the recurring money, minor units a year. In a change of tier, the tier that is left has a negative `switched`.
    """

    __tablename__ = "movement_month"

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"), primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int]
    paying: Mapped[int]
    members: Mapped[int]
    yearly: Mapped[int] = mapped_column(Minor)


class CohortMonth(Base):
    """The same by the month in which somebody first joined (`cohort`) instead of by kind; `number` counts those that began
    here as new."""

    __tablename__ = "cohort_month"

    cohort: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"), primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int]
    paying: Mapped[int]
    members: Mapped[int]
    yearly: Mapped[int] = mapped_column(Minor)

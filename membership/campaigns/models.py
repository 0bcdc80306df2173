"""Campaigns, the marks on their way, and what those who gave wish: to stand on the wall, to hear how it goes on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class Campaign(Base):
    """A goal with its dates. What readers gave for (goal, currency, match) stays as it was once it is published.

    `goal` is in minor units of `currency` for an `amount` or for `mrr` (a month), and people for `patrons`. `scope`: only
    what came by way of the campaign's page counts (`carried`), or whatever came while it ran (`all`). `match_cap` is the
    most that the sponsor adds, in minor units of `currency`. `closed_at` is set by the worker when `closes_at` has passed,
    or earlier by staff.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint("goal_kind IN ('amount', 'patrons', 'mrr')", name="goal_kind"),
        CheckConstraint("scope IN ('carried', 'all')", name="scope"),
        CheckConstraint("goal > 0", name="goal"),
        CheckConstraint("opens_at < closes_at", name="dates"),
        CheckConstraint("(match_cap IS NULL) = (match_sponsor = '')", name="match"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    story: Mapped[str] = mapped_column(Text)
    goal_kind: Mapped[str] = mapped_column(Text)
    goal: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    match_sponsor: Mapped[str] = mapped_column(Text)
    match_cap: Mapped[int | None] = mapped_column(Minor)
    wall: Mapped[bool]
    made_at: Mapped[datetime]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]


class CampaignMilestone(Base):
    """A part of the goal (in percent of it) that is worth a letter, and when it was first reached. Reached stays reached."""

    __tablename__ = "campaign_milestone"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    percent: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reached_at: Mapped[datetime | None]


class CampaignChoice(Base):
    """What somebody who gave wishes. On the wall under `name`, or counted without one where it is empty; `letters`: they
    wish to hear how the campaign goes on. `hidden_at`: staff took the name off the wall."""

    __tablename__ = "campaign_choice"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True, index=True)
    wall: Mapped[bool]
    name: Mapped[str] = mapped_column(Text)
    letters: Mapped[bool]
    chosen_at: Mapped[datetime]
    hidden_at: Mapped[datetime | None]

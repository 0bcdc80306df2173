"""Perks and their grants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Perk(Base):
    """Something a patron may have. A `link` perk is an address that is opened with the patron's personal code."""

    __tablename__ = "perk"
    __table_args__ = (CheckConstraint("kind IN ('link')", name="kind"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    blurb: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime | None]


class PerkTier(Base):
    """Which tiers carry a perk."""

    __tablename__ = "perk_tier"

    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"), primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"), primary_key=True)


class PerkGrant(Base):
    """A perk issued to a reader, once, with a personal code."""

    __tablename__ = "perk_grant"
    __table_args__ = (UniqueConstraint("perk_id", "reader_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    issued_at: Mapped[datetime]

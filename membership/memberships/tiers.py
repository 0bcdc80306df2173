"""Tiers and their prices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class Tier(Base):
    """A level of membership. `stripe_product_id` is known once the tier stands at Stripe."""

    __tablename__ = "tier"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    blurb: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    stripe_product_id: Mapped[str | None] = mapped_column(Text, unique=True)
    archived_at: Mapped[datetime | None]


class TierPrice(Base):
    """What a tier costs at least, in one currency, per month or per year. A reader may give more."""

    __tablename__ = "tier_price"
    __table_args__ = (CheckConstraint("interval IN ('month', 'year')", name="interval"),)

    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    interval: Mapped[str] = mapped_column(Text, primary_key=True)
    minor: Mapped[int] = mapped_column(Minor)
    stripe_price_id: Mapped[str | None] = mapped_column(Text)

"""Money on its way to our bank: each payout, and which of Stripe's bookings it carries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class Payout(Base):
    """One payout as last fetched; `status` is Stripe's (pending, in_transit, paid, failed, canceled)."""

    __tablename__ = "payout"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    stripe_id: Mapped[str] = mapped_column(Text, unique=True)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    status: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    arrives_at: Mapped[datetime]


class PayoutLine(Base):
    """A balance transaction that a payout carries (`net` in minor units): ledger lines carry the same `stripe_id`."""

    __tablename__ = "payout_line"

    stripe_id: Mapped[str] = mapped_column(Text, primary_key=True)
    payout_id: Mapped[int] = mapped_column(ForeignKey("payout.id"), index=True)
    net: Mapped[int] = mapped_column(Minor)

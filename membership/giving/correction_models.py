"""Money that went back, or that somebody's bank took back: refunds and disputes, beside the payment they correct."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class Refund(Base):
    """A refund of one payment, asked for here (`token`, `asked_by`) or in Stripe's dashboard.

    `state` `asked` is ours: written before Stripe is asked, so that a crash in between leaves something to resume; all
    others are Stripe's. One that fails later leaves the payment as it was.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint(
            "state IN ('asked', 'refused', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled')",
            name="state",
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token: Mapped[str] = mapped_column(Text, unique=True)
    stripe_id: Mapped[str | None] = mapped_column(Text, unique=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    asked_at: Mapped[datetime]


class Dispute(Base):
    """A payer's bank takes a payment back, or asks about it (`warning_…`). `status` is Stripe's."""

    __tablename__ = "dispute"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    stripe_id: Mapped[str] = mapped_column(Text, unique=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]

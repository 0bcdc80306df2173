"""Memberships bought for somebody else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Gift(Base):
    """A membership as a gift: written with its checkout, real once that is paid (`payment_id`), over once it is claimed.

    `token` is the secret of the link that claims it. `deliver_at` is when the link goes to `recipient_email` by letter;
    without an address the giver hands it over. `given_id` is what the recipient got. `withdrawn_for` says why it cannot be
    claimed while its payment does not count: a `dispute` that is undecided, or money that went back (`refund`).
    """

    __tablename__ = "gift"
    __table_args__ = (
        CheckConstraint("months > 0", name="months"),
        CheckConstraint("withdrawn_for IN ('refund', 'dispute')", name="withdrawn_for"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkout.id"), unique=True)
    token: Mapped[str] = mapped_column(Text, unique=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"))
    months: Mapped[int]
    giver_name: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    recipient_name: Mapped[str] = mapped_column(Text)
    recipient_email: Mapped[str | None] = mapped_column(Text)
    deliver_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), unique=True)
    giver_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"), index=True)
    bought_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    given_id: Mapped[int | None] = mapped_column(ForeignKey("given_membership.id"), unique=True)
    withdrawn_for: Mapped[str | None] = mapped_column(Text)

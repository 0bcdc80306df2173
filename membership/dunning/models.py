"""Invoices whose payment failed, links for changing a card without signing in, and changes of a card."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class UnpaidInvoice(Base):
    """An invoice of a membership whose payment failed, and what became of it; the row stays for the report.

    `last_step` is the last letter written about it (first, day-3, …); `recovered_by` what brought the money (new_card,
    retry, page) and `recovered_step` after which letter, or `account` when the card was changed there by itself.
    """

    __tablename__ = "unpaid_invoice"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'recovered', 'given_up')", name="state"),
        CheckConstraint("reason IN ('expired', 'funds', 'confirm', 'lost', 'returned', 'other')", name="reason"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    invoice_id: Mapped[str] = mapped_column(Text, unique=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    reason: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    hosted_url: Mapped[str | None] = mapped_column(Text)
    first_failed_at: Mapped[datetime] = mapped_column(index=True)
    last_step: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime | None]
    recovered_by: Mapped[str | None] = mapped_column(Text)
    recovered_step: Mapped[str | None] = mapped_column(Text)


class CardLink(Base):
    """A link in a letter for changing a membership's card without signing in. Only the token's hash is kept."""

    __tablename__ = "card_link"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    step: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class CardChange(Base):
    """An attempt to store another card on the hosted page, written before Stripe is asked. `token` is what Stripe carries.

    `taken_at`: Stripe said that a card is stored, and we began to put it on; `done`: it is on the membership.
    """

    __tablename__ = "card_change"
    __table_args__ = (CheckConstraint("state IN ('begun', 'taken', 'done', 'refused')", name="state"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token: Mapped[str] = mapped_column(Text, unique=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    link_id: Mapped[int | None] = mapped_column(ForeignKey("card_link.id"))
    session_id: Mapped[str | None] = mapped_column(Text, unique=True)
    state: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]

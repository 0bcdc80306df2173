"""Checkouts begun on our pages, payments that arrived, and the ledger: each movement of money as a row that adds up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class StripeCustomer(Base):
    """Which Stripe customer is which reader. `rests_since`: the reader pays as another one, and nothing runs under this."""

    __tablename__ = "stripe_customer"

    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    rests_since: Mapped[datetime | None]


class Checkout(Base):
    """A reader's attempt to pay: written before Stripe is asked, so that a crash in between leaves something to resume.

    `attempt` is the form's one-time value (a double click is one attempt); `token` is what Stripe carries for us as
    `client_reference_id` and in metadata; `browser_hash` names the browser that may be greeted by name afterwards.
    `fee_cover` is the part of `amount` by which the payer wished to cover the fee, as estimated.
    """

    __tablename__ = "checkout"
    __table_args__ = (
        CheckConstraint("kind IN ('membership', 'donation', 'gift')", name="kind"),
        CheckConstraint("state IN ('begun', 'open', 'waiting', 'paid', 'failed', 'expired')", name="state"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token: Mapped[str] = mapped_column(Text, unique=True)
    attempt: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"), index=True)
    email: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    fee_cover: Mapped[int | None] = mapped_column(Minor)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    browser_hash: Mapped[str] = mapped_column(Text, index=True)
    session_id: Mapped[str | None] = mapped_column(Text, unique=True)
    session_url: Mapped[str | None] = mapped_column(Text)
    begun_at: Mapped[datetime]


class Payment(Base):
    """Money that a reader paid and Stripe confirmed. Never changed: a correction is a ledger line.

    `stripe_id` is the paid object (`in_…` for a membership's period, `pi_…` for a donation or a membership given away as a
    `gift`): the key that makes one payment of however many events. `amount` is gross, in the currency the reader paid in.
    `taken_over_at`: another system collected it, and since then it stands in these books; its receipt, and the letters about
    what had become of it by then, are that system's. `checkout_id`: the checkout of ours that it goes back to (a
    membership's: the one that began it), where there was one.
    """

    __tablename__ = "payment"
    __table_args__ = (CheckConstraint("kind IN ('membership', 'donation', 'gift')", name="kind"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    stripe_id: Mapped[str] = mapped_column(Text, unique=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    kind: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    paid_at: Mapped[datetime] = mapped_column(index=True)
    taken_over_at: Mapped[datetime | None]
    payment_intent_id: Mapped[str | None] = mapped_column(Text, index=True)
    charge_id: Mapped[str | None] = mapped_column(Text, index=True)
    method: Mapped[str] = mapped_column(Text)
    card_brand: Mapped[str | None] = mapped_column(Text)
    card_last4: Mapped[str | None] = mapped_column(Text)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    checkout_id: Mapped[int | None] = mapped_column(ForeignKey("checkout.id"), index=True)


class LedgerEntry(Base):
    """One movement of money, signed, in the currency it was settled in.

    `stripe_id` is the balance transaction: one line of its own kind (what moved) and one `fee` line (what Stripe kept),
    which add up to its net. `payment_id` is empty for what belongs to no payment (a payout).
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("stripe_id", "kind"),
        CheckConstraint(
            "kind IN ('gross', 'fee', 'refund', 'refund_returned', 'dispute', 'payout', 'other')", name="kind"
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    kind: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    at: Mapped[datetime]
    stripe_id: Mapped[str] = mapped_column(Text)

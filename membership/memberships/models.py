"""Memberships as Stripe confirms them, each change of one as a movement, and which payments belong to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class MembershipCheckout(Base):
    """What a membership's checkout asked for beyond the money: the tier, the interval, and the seats of a group.

    `pledged_since`: the pledge ran elsewhere before, and goes on here.
    """

    __tablename__ = "membership_checkout"

    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkout.id"), primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"))
    interval: Mapped[str] = mapped_column(Text)
    seats: Mapped[int | None]
    pledged_since: Mapped[datetime | None]


class Membership(Base):
    """One Stripe subscription, as last fetched. `paid_until` comes only from settled invoices: it carries the standing.

    It is reckoned from the payments that count (not refunded in full, not disputed) and from `free_until`, the end of
    what cost nothing. `frozen` while a payment of it is disputed and the bank has not decided; one that is lost counts as
    never paid, and the next payment carries standing again.

    `status` is Stripe's; `ends_at` is the moment a scheduled cancellation takes effect; `ended_at` when it has.
    `paused` while nothing is collected on the reader's wish; the `next_…` columns tell what is planned at Stripe, from when.
    `counted` is the yearly amount (minor units) that the movements have counted so far: 0 before the first payment and while
    paused.
    `seats` is set for a group membership: it gives standing to those who hold its seats (`GroupSeat`), not to the payer.
    `pledged_since` is set where the pledge had begun elsewhere before this subscription did; `adopted_at` where another
    system began the subscription: what it had paid by then was receipted there.
    """

    __tablename__ = "membership"
    __table_args__ = (CheckConstraint("interval IN ('month', 'year')", name="interval"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    subscription_id: Mapped[str] = mapped_column(Text, unique=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"))
    checkout_id: Mapped[int | None] = mapped_column(ForeignKey("checkout.id"), unique=True)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    status: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    interval: Mapped[str] = mapped_column(Text)
    counted: Mapped[int] = mapped_column(Minor)
    started_at: Mapped[datetime]
    pledged_since: Mapped[datetime | None]
    adopted_at: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None]
    paid_until: Mapped[datetime | None] = mapped_column(index=True)
    free_until: Mapped[datetime | None]
    frozen: Mapped[bool] = mapped_column(default=False)
    paused: Mapped[bool] = mapped_column(default=False)
    resumes_at: Mapped[datetime | None]
    next_tier_id: Mapped[int | None] = mapped_column(ForeignKey("tier.id"))
    next_amount: Mapped[int | None] = mapped_column(Minor)
    next_interval: Mapped[str | None] = mapped_column(Text)
    next_from: Mapped[datetime | None]
    seats: Mapped[int | None]
    next_seats: Mapped[int | None]
    ends_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Movement(Base):
    """A change of what patrons pay: append-only; the sum of `yearly` is twelve times the MRR (so nothing is rounded).

    `yearly` is the change in minor units per year (a month counts twelve times): positive for new, returned, raised and
    resumed; negative for lowered, paused, left (by choice) and lost (to failed payments); 0 for switched (to another tier,
    for the same money). A pause takes all of it away, so who leaves while paused leaves with 0.
    """

    __tablename__ = "movement"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('new', 'returned', 'raised', 'resumed', 'lowered', 'paused', 'left', 'lost', 'switched')",
            name="kind",
        ),
        UniqueConstraint("membership_id", "sequence"),
        Index("ix_movement_at", "at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    sequence: Mapped[int]
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"))
    kind: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    yearly: Mapped[int] = mapped_column(Minor)
    at: Mapped[datetime]


class MembershipPayment(Base):
    """Which membership a payment belongs to, and the period it paid for."""

    __tablename__ = "membership_payment"

    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]

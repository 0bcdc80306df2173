"""Perks, their terms, and the ledger of what was issued: a grant each time, and each of its states a dated row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class Perk(Base):
    """Something a patron may have, and on which terms.

    `kind`: see `states.KINDS`. `address` is where a link leads. `months`: so long a patron must have stood without a break.
    `rhythm`: issued *once*, or again a year or a month after the last time. `most`: so many grants are issued at most.
    `claim_days`: what is claimed must be claimed within so many days. `cost` is what one costs us, in minor units of
    `cost_currency`. `sizes`: one a line. `starts_at`, `ends_at`, `place`, `capacity`: an event's. `low_stock`: staff are told
    when only so many codes are left.
    """

    __tablename__ = "perk"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('link', 'file', 'code', 'shared_code', 'feed', 'event', 'thing', 'wall', 'community', 'badge')",
            name="kind",
        ),
        CheckConstraint("rhythm IN ('once', 'yearly', 'monthly')", name="rhythm"),
        CheckConstraint("(cost IS NULL) = (cost_currency IS NULL)", name="cost_with_currency"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    blurb: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime | None]
    months: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    rhythm: Mapped[str] = mapped_column(Text, server_default=text("'once'"), default="once")
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    most: Mapped[int | None]
    claim_days: Mapped[int | None]
    cost: Mapped[int | None] = mapped_column(Minor)
    cost_currency: Mapped[str | None] = mapped_column(Text)
    shared_code: Mapped[str] = mapped_column(Text, server_default=text("''"), default="")
    sizes: Mapped[str] = mapped_column(Text, server_default=text("''"), default="")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    place: Mapped[str] = mapped_column(Text, server_default=text("''"), default="")
    capacity: Mapped[int | None]
    low_stock: Mapped[int | None]


class PerkTier(Base):
    """Which tiers carry a perk."""

    __tablename__ = "perk_tier"

    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"), primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"), primary_key=True)


class PerkGrant(Base):
    """A perk issued to a reader for the `number`th time, with a personal code. `state` is what its last step says.

    `expires_at`: what is not claimed (or, of an event, not used) by then is over.
    """

    __tablename__ = "perk_grant"
    __table_args__ = (
        UniqueConstraint("perk_id", "reader_id", "number"),
        CheckConstraint("state IN ('issued', 'claimed', 'redeemed', 'expired', 'revoked')", name="state"),
        Index("ix_perk_grant_reader_id", "reader_id"),
        Index("ix_perk_grant_perk_id_state", "perk_id", "state"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    code: Mapped[str] = mapped_column(Text, unique=True)
    issued_at: Mapped[datetime]
    number: Mapped[int] = mapped_column(server_default=text("1"), default=1)
    state: Mapped[str] = mapped_column(Text, server_default=text("'issued'"), default="issued")
    expires_at: Mapped[datetime | None]


class PerkStep(Base):
    """One thing that happened to a grant: the state it came to, when, by whom (staff; None: by itself or by its reader), why.

    `why` is a word of ours: `standing` (lost or back), `staff`, `returned`, `left` (a seat given back), `door` (let in,
    or that undone), or empty.
    """

    __tablename__ = "perk_step"
    __table_args__ = (
        CheckConstraint("state IN ('issued', 'claimed', 'redeemed', 'expired', 'revoked')", name="state"),
        Index("ix_perk_step_grant_id", "grant_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("perk_grant.id"))
    state: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    why: Mapped[str] = mapped_column(Text)

"""What a claim adds to a grant: a seat, a parcel and where it goes, a name on the wall; and acts on many grants at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class PerkSeat(Base):
    """A seat at an event, asked for at `asked_at`: on the waiting list until `seated_at`. Given back, the row is gone (the
    ledger keeps the steps). `checked_in_at` at the door."""

    __tablename__ = "perk_seat"
    __table_args__ = (
        Index(
            "ix_perk_seat_waiting", "perk_id", "asked_at",
            sqlite_where=text("seated_at IS NULL"), postgresql_where=text("seated_at IS NULL"),
        ),
    )  # fmt: skip

    grant_id: Mapped[int] = mapped_column(ForeignKey("perk_grant.id"), primary_key=True)
    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"), index=True)
    asked_at: Mapped[datetime]
    seated_at: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]


class PostalAddress(Base):
    """Where a reader's post goes, as they last said; `confirmed_at` is its age. In a table of its own, to be erased alone."""

    __tablename__ = "postal_address"

    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    street: Mapped[str] = mapped_column(Text)
    extra: Mapped[str] = mapped_column(Text)
    postcode: Mapped[str] = mapped_column(Text)
    town: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[datetime]


class PerkParcel(Base):
    """A thing to be sent, in which size. `sent_at` and `returned_at` are the last time each; a parcel that came back goes
    out again only after its reader has looked at the address once more."""

    __tablename__ = "perk_parcel"

    grant_id: Mapped[int] = mapped_column(ForeignKey("perk_grant.id"), primary_key=True)
    size: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]


class WallName(Base):
    """How a patron wishes to be called on the wall of thanks; None: as one of those without a name."""

    __tablename__ = "wall_name"

    grant_id: Mapped[int] = mapped_column(ForeignKey("perk_grant.id"), primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    put_at: Mapped[datetime]


class PerkBatch(Base):
    """One act of staff on many grants: `sent`, `redeemed` or `revoked`. The worker carries it out some at a time."""

    __tablename__ = "perk_batch"
    __table_args__ = (CheckConstraint("deed IN ('sent', 'redeemed', 'revoked')", name="deed"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"), index=True)
    deed: Mapped[str] = mapped_column(Text)
    made_by: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    made_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class PerkBatchGrant(Base):
    """One grant of a batch; `outcome` is None while it waits, then `done` or `unfit` (its state forbade it)."""

    __tablename__ = "perk_batch_grant"
    __table_args__ = (CheckConstraint("outcome IN ('done', 'unfit')", name="outcome"),)

    batch_id: Mapped[int] = mapped_column(ForeignKey("perk_batch.id"), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("perk_grant.id"), primary_key=True)
    outcome: Mapped[str | None] = mapped_column(Text)

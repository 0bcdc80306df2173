"""What is kept against card testing: where payments were begun, what came of the tries, waves of declines, suspensions,
and the proofs and codes that were asked for. Addresses and cards are keyed hashes; rows are swept after a month."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class CheckoutOrigin(Base):
    """From where a checkout was begun. `near` is the network in the clear (IPv4 /24, IPv6 /48): what staff are shown."""

    __tablename__ = "checkout_origin"

    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkout.id"), primary_key=True)
    client: Mapped[str] = mapped_column(Text, index=True)
    network: Mapped[str] = mapped_column(Text, index=True)
    person: Mapped[str] = mapped_column(Text, index=True)
    near: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[datetime] = mapped_column(index=True)


class PaymentTry(Base):
    """One charge that was tried for a checkout, and whether the bank paid. `card` is a keyed hash of its fingerprint."""

    __tablename__ = "payment_try"

    charge_id: Mapped[str] = mapped_column(Text, primary_key=True)
    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkout.id"), index=True)
    paid: Mapped[bool]
    card: Mapped[str | None] = mapped_column(Text, index=True)
    at: Mapped[datetime] = mapped_column(index=True)


class DeclineWave(Base):
    """A time in which so many payments were declined that each one had to be proven. The open row is the wave that runs."""

    __tablename__ = "decline_wave"
    __table_args__ = (
        Index(
            "uq_decline_wave_open",
            "is_open",
            unique=True,
            sqlite_where=text("is_open"),
            postgresql_where=text("is_open"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    is_open: Mapped[bool]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    tries: Mapped[int]
    declines: Mapped[int]


class Suspension(Base):
    """A person, card, client address or network that may begin no payment until staff lift it. `shown` is for staff."""

    __tablename__ = "suspension"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'card', 'client', 'network')", name="kind"),
        Index(
            "uq_suspension_held",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    shown: Mapped[str] = mapped_column(Text)
    tries: Mapped[int]
    declines: Mapped[int]
    suspended_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))


class SpentProof(Base):
    """A challenge that was solved and used: no second payment begins with it."""

    __tablename__ = "spent_proof"

    nonce: Mapped[str] = mapped_column(Text, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PaymentCode(Base):
    """A code sent to an address before a payment: ten minutes, once, bound to the browser and the address.

    Only hashes are kept. `code_hash` is empty where another letter was written in its place: then no code fits.
    """

    __tablename__ = "payment_code"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    browser_hash: Mapped[str] = mapped_column(Text, index=True)
    person: Mapped[str] = mapped_column(Text)
    code_hash: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    wrong_codes: Mapped[int]

"""Receipts: numbered without gaps per year, and kept as they were issued."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class ReceiptBook(Base):
    """The last number given in a year; its row is locked while a receipt is issued, so that no number is left out."""

    __tablename__ = "receipt_book"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class Receipt(Base):
    """A receipt for one payment: voided when the money went back, never deleted; if it returns, a new one is issued.

    At most one of a payment's receipts is valid, and it is the newest. `payer` and `issuer` are the lines as they were
    printed when it was issued (empty for receipts brought along from elsewhere: then the person's present ones are shown).
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("year", "sequence"),
        Index(
            "uq_receipt_valid",
            "payment_id",
            unique=True,
            sqlite_where=text("voided_at IS NULL"),
            postgresql_where=text("voided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    year: Mapped[int]
    sequence: Mapped[int]
    language: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None] = mapped_column(Text)
    payer: Mapped[str | None] = mapped_column(Text)
    issuer: Mapped[str | None] = mapped_column(Text)

    @property
    def number(self) -> str:
        """As printed and as it stands in the receipt's address: `2026-000017`."""
        return f"{self.year}-{self.sequence:06d}"


class ReceiptDetails(Base):
    """To whom a reader's receipts are made out, if not simply to their name: a firm's, a household's, with an address."""

    __tablename__ = "receipt_details"

    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)

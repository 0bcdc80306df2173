"""Other ways to give, as staff configured them, and what staff recorded of the gifts that came that way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key

WAYS = ("bank_transfer", "paypal", "cheque", "crypto", "in_kind", "cash")


class OtherWays(Base):
    """One row: what /ways shows. A way whose field is empty is not offered.

    `share`, `volunteer` and `shop` are links, one a line: words and an https address (`way_rules.read_links`).
    """

    __tablename__ = "other_ways"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    holder: Mapped[str] = mapped_column(Text, default="")
    iban: Mapped[str] = mapped_column(Text, default="")
    bic: Mapped[str] = mapped_column(Text, default="")
    paypal: Mapped[str] = mapped_column(Text, default="")
    cheque: Mapped[str] = mapped_column(Text, default="")
    crypto_name: Mapped[str] = mapped_column(Text, default="")
    crypto_address: Mapped[str] = mapped_column(Text, default="")
    in_kind: Mapped[str] = mapped_column(Text, default="")
    share: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    volunteer: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    shop: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))


class OtherGift(Base):
    """A gift that did not come through Stripe, beside its payment: which way, what stood on it, who wrote it down."""

    __tablename__ = "other_gift"
    __table_args__ = (CheckConstraint(f"way IN {WAYS}", name="way"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), primary_key=True)
    way: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    recorded_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]

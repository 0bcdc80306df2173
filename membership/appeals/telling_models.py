"""Who passes the newsroom on under a thank-you code of their own, and whom they brought, as far as both wish it known."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base


class ThanksCode(Base):
    """A reader's own code, made by themselves. Ended, it thanks nobody any more; made again, it is another one."""

    __tablename__ = "thanks_code"

    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    made_at: Mapped[datetime]


class Brought(Base):
    """Somebody who paid said that this reader's link had brought them; `name` is what they wished to be called, or empty."""

    __tablename__ = "brought"

    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkout.id"), primary_key=True)
    bringer_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    told_at: Mapped[datetime]

"""What other currencies are worth in the newsroom's own, by day, as staff enter it. Nothing is fetched from anywhere.

For a day without a rate the last one before it holds; before the first there is none, and nothing is converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership.db import Base

MILLION = 1_000_000


class ExchangeRate(Base):
    """One major unit of `currency` in the `own` currency on a day, in millionths: exact, as it was entered."""

    __tablename__ = "exchange_rate"
    __table_args__ = (CheckConstraint("millionths > 0", name="positive"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    own: Mapped[str] = mapped_column(Text, primary_key=True)
    millionths: Mapped[int] = mapped_column(BigInteger)


def rates_on(session: Session, own: str, day: date) -> Mapping[str, int]:
    """The rates that hold on a day, in millionths of the own currency; the own one is worth itself."""
    statement = select(ExchangeRate.currency, ExchangeRate.millionths).where(
        ExchangeRate.own == own, ExchangeRate.day <= day
    )
    found = dict(session.execute(statement.order_by(ExchangeRate.day)).all())  # the last one of each stays
    return {**found, own: MILLION}

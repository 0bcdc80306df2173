"""Covering the fee: what staff say a payment costs in each currency. Where they say nothing, nothing is offered."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership.db import Base, Minor
from membership.giving.rules import FeeRate
from membership.money import Money


class FeeCover(Base):
    """In this currency a payer may add what the payment costs: basis points of the gross, and minor units."""

    __tablename__ = "fee_cover"

    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    basis_points: Mapped[int]
    fixed: Mapped[int] = mapped_column(Minor)


def fee_rates(session: Session) -> dict[str, FeeRate]:
    """The rates by currency: those currencies in which covering the fee is offered."""
    rows = session.execute(select(FeeCover).order_by(FeeCover.currency)).scalars()
    return {row.currency: FeeRate(row.basis_points, Money(row.fixed, row.currency)) for row in rows}


def replace_fee_rates(session: Session, rates: Mapping[str, FeeRate]) -> dict[str, list[int] | None]:
    """From now on these are the rates. Returns those that changed ([basis points, minor units]; None: offered no more)."""
    before = fee_rates(session)
    session.execute(delete(FeeCover))
    session.flush()
    session.add_all(
        FeeCover(currency=code, basis_points=rate.basis_points, fixed=rate.fixed.minor) for code, rate in rates.items()
    )
    session.flush()
    changed = {code: rates.get(code) for code in sorted({*before, *rates}) if before.get(code) != rates.get(code)}
    return {code: [rate.basis_points, rate.fixed.minor] if rate else None for code, rate in changed.items()}

"""More sums that reports read: how long memberships last, the ledger by month, what each payout carried."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Minor


class SpellMonth(Base):
    """Memberships by the month in which they began (or began again) and the month in which something happened to them.

    A spell runs from beginning to end; `tier_id` is the tier in which it began, and stays. `begun` of them; `chosen` and
    `failed`: those that ended; `yearly`: what changed in their recurring money, minor units a year.
    """

    __tablename__ = "spell_month"

    began: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"), primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    begun: Mapped[int]
    chosen: Mapped[int]
    failed: Mapped[int]
    yearly: Mapped[int] = mapped_column(Minor)


class LedgerMonth(Base):
    """The ledger's lines of a month by currency, what was paid for and how (both empty where it is of no payment), and their
    kind; payouts are left out. `number` lines, which add up to `amount`."""

    __tablename__ = "ledger_month"

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    paid_for: Mapped[str] = mapped_column(Text, primary_key=True)
    method: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int]
    amount: Mapped[int] = mapped_column(Minor)


class PayoutSum(Base):
    """What a payout carried, once our ledger's lines add up to it to the minor unit: then nothing can come to it any more."""

    __tablename__ = "payout_sum"

    payout_id: Mapped[int] = mapped_column(ForeignKey("payout.id"), primary_key=True)
    payments: Mapped[int]
    gross: Mapped[int] = mapped_column(Minor)
    fees: Mapped[int] = mapped_column(Minor)
    refunds: Mapped[int] = mapped_column(Minor)
    disputes: Mapped[int] = mapped_column(Minor)
    other: Mapped[int] = mapped_column(Minor)


class Snapshot(Base):
    """When the sums of a report were made that cannot be added up as things happen, because what they count changes
    afterwards. There are none in a newsroom so small that the report reckons by itself in no time. `number`: where it is only
    one figure (`patrons`), the figure."""

    __tablename__ = "snapshot"

    report: Mapped[str] = mapped_column(Text, primary_key=True)
    zone: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    number: Mapped[int | None]


class RecoveryMonth(Base):
    """Invoices whose first try failed in a month, by what had become of them by then (see `recovery.Failed`)."""

    __tablename__ = "recovery_month"

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"), primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text, primary_key=True)
    step: Mapped[str] = mapped_column(Text, primary_key=True)
    how: Mapped[str] = mapped_column(Text, primary_key=True)
    payments: Mapped[int]
    amount: Mapped[int] = mapped_column(Minor)


class LapsedMonth(Base):
    """People whose last membership ended in a month and who were no patrons then (see `lapsed.Gone`)."""

    __tablename__ = "lapsed_month"

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"), primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text, primary_key=True)
    people: Mapped[int]
    writable: Mapped[int]
    yearly: Mapped[int] = mapped_column(Minor)
    paid: Mapped[int] = mapped_column(Minor)

"""Memberships without a payment of ours by their reader: complimentary ones by the newsroom, gifts that were claimed, and
time that was paid for elsewhere before somebody was brought along."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class GivenMembership(Base):
    """Standing for a time that somebody else gave: `complimentary` (the newsroom), or `gift` (another reader); or that its
    reader paid for in another system (`elsewhere`), because what was paid for is kept when people move.

    `key` is what makes it one: the staff's form, or the gift that was claimed. A gift lasts `months`; one that waits for
    its turn, because its reader has standing already, has neither beginning nor end yet. `ends_at` is moved forward when
    it is ended early (`ended_at`, `ended_by`: by staff, or nobody when its money went back). `frozen` since `frozen_at`
    while the gift's payment does not count; should it count again, the days between are added. `reason` is the team's.
    `pledged_since`: when a pledge that ran elsewhere had begun there.
    """

    __tablename__ = "given_membership"
    __table_args__ = (
        CheckConstraint("kind IN ('complimentary', 'gift', 'elsewhere')", name="kind"),
        CheckConstraint("(begins_at IS NULL) = (ends_at IS NULL)", name="both_or_neither"),
        CheckConstraint("begins_at <= ends_at", name="order"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"))
    months: Mapped[int | None]
    pledged_since: Mapped[datetime | None]
    begins_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None] = mapped_column(index=True)
    frozen: Mapped[bool] = mapped_column(default=False)
    frozen_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text)
    given_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"), index=True)
    given_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))

"""Files that were handed in, their rows, what is live at Stripe beside them, who was brought along, and who was invited."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor

STEPS = ("reading", "matching", "judging", "applying", "resting")


class Import(Base):
    """A file that was handed in. `key`: its format, its bytes' digest and the options: handed in twice it is one.

    It is read, held against Stripe and judged (the rehearsal), and when staff ask for it matched anew and applied. `step` is
    what its job does next, `cursor` how far that has come (a row's number, or an id at Stripe); `resting`: nothing.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("form IN ('patreon', 'csv', 'ghost', 'memberful', 'steady')", name="form"),
        CheckConstraint("step IN ('reading', 'matching', 'judging', 'applying', 'resting')", name="step"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    form: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    file_name: Mapped[str] = mapped_column(Text)
    headings: Mapped[list[str]] = mapped_column(JSON)
    rows: Mapped[int]
    step: Mapped[str] = mapped_column(Text)
    cursor: Mapped[str | None] = mapped_column(Text)
    found: Mapped[int]
    handed_in_at: Mapped[datetime]
    handed_in_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    rehearsed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    applied_at: Mapped[datetime | None]


class ImportRow(Base):
    """A record of a file: where it stands, what it says (`cells`, until they are wiped), its verdict, and what became of it.

    `source_key`, `email_key`, `weight` and the price come from reading it; `detail` are the values of `reason`'s words.
    `done_at`: the deed was done (or there was none to do); then the row is never touched again.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        CheckConstraint("verdict IN ('new', 'known', 'doubt', 'refused', 'left')", name="verdict"),
        CheckConstraint("deed IN ('adopt', 'invite', 'keep', 'know', 'nothing')", name="deed"),
        UniqueConstraint("import_id", "number"),
        Index("ix_import_row_email_key", "import_id", "email_key"),
        Index("ix_import_row_source_key", "import_id", "source_key"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"))
    number: Mapped[int]
    line: Mapped[int]
    cells: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    broken: Mapped[bool]
    source_key: Mapped[str | None] = mapped_column(Text)
    email_key: Mapped[str | None] = mapped_column(Text)
    weight: Mapped[int | None]
    their_tier: Mapped[str | None] = mapped_column(Text)
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("tier.id"))
    currency: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[int | None] = mapped_column(Minor)
    interval: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[str | None] = mapped_column(Text)
    deed: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"), index=True)
    done_at: Mapped[datetime | None]


class LiveSubscription(Base):
    """A subscription that was live at Stripe, and in none of our books, when an import looked. `fits`: one item, charged by
    the month or the year, so that our books can hold it. `line`: the first line of the file that leads to it."""

    __tablename__ = "import_live_subscription"
    __table_args__ = (
        Index("ix_import_live_subscription_customer_id", "import_id", "customer_id"),
        Index("ix_import_live_subscription_email_key", "import_id", "email_key"),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    subscription_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    interval: Mapped[str] = mapped_column(Text)
    fits: Mapped[bool]
    started_at: Mapped[datetime]
    line: Mapped[int | None]


class Brought(Base):
    """Somebody was brought along from another system, once: by the id that they had there, or by their address.

    Keeps what they were promised (tier, price, age of the pledge, until when it is paid) and what they had agreed to
    (`letters`, None: it was not said).
    """

    __tablename__ = "brought_along"
    __table_args__ = (UniqueConstraint("source", "source_key"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    source_key: Mapped[str] = mapped_column(Text)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), index=True)
    line: Mapped[int]
    deed: Mapped[str] = mapped_column(Text)
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("tier.id"))
    currency: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[int | None] = mapped_column(Minor)
    interval: Mapped[str | None] = mapped_column(Text)
    since: Mapped[datetime | None]
    paid_until: Mapped[datetime | None]
    letters: Mapped[bool | None]
    brought_at: Mapped[datetime]


class Invitation(Base):
    """A reader may go on here at the old price: one person, until `expires_at`, and spent once its checkout began a
    membership. Its address is signed, not kept."""

    __tablename__ = "invitation"
    __table_args__ = (CheckConstraint("interval IN ('month', 'year')", name="interval"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    brought_id: Mapped[int] = mapped_column(ForeignKey("brought_along.id"), unique=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tier.id"))
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(Minor)
    interval: Mapped[str] = mapped_column(Text)
    pledged_since: Mapped[datetime | None]
    written_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    checkout_id: Mapped[int | None] = mapped_column(ForeignKey("checkout.id"), index=True)

"""What a perk hands out: codes of a partner's, files, the episodes of a feed, and each patron's address of that feed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class PerkCode(Base):
    """A partner's code, used once. `grant_id` and `taken_at` from the moment somebody claimed it; it is never given back,
    because it has been seen."""

    __tablename__ = "perk_code"
    __table_args__ = (
        UniqueConstraint("perk_id", "code"),
        Index(
            "ix_perk_code_free", "perk_id", "id",
            sqlite_where=text("grant_id IS NULL"), postgresql_where=text("grant_id IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"))
    code: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime]
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("perk_grant.id"), unique=True)
    taken_at: Mapped[datetime | None]


class PerkFile(Base):
    """A file that staff uploaded; `media_type` is what its first bytes say, never what the upload said. `size` in bytes."""

    __tablename__ = "perk_file"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class PerkFileContent(Base):
    """The bytes of a file, apart from what is said about it, so that lists do not carry them along."""

    __tablename__ = "perk_file_content"

    file_id: Mapped[int] = mapped_column(ForeignKey("perk_file.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class PerkEpisode(Base):
    """An entry of a private feed, with its sound or paper if it has one."""

    __tablename__ = "perk_episode"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    perk_id: Mapped[int] = mapped_column(ForeignKey("perk.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    notes: Mapped[str] = mapped_column(Text)
    file_id: Mapped[int | None] = mapped_column(ForeignKey("perk_file.id"), index=True)
    published_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class PerkFeed(Base):
    """The address of one patron's feed, by its secret. A new one ends the one before; ended ones never come back."""

    __tablename__ = "perk_feed"
    __table_args__ = (
        Index(
            "uq_perk_feed_current", "grant_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip

    token: Mapped[str] = mapped_column(Text, primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("perk_grant.id"))
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

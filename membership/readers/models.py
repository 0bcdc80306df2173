"""Readers, and apart from them what identifies a person; sign-in challenges, sessions, and roles in the team."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Reader(Base):
    """Somebody we know. Holds nothing personal: payments, rolls and supports point here and survive an erasure.

    One that turned out to be the same person as another was merged into that one; its row stays, and nobody signs in to it.
    """

    __tablename__ = "reader"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    merged_at: Mapped[datetime | None]


class Person(Base):
    """What identifies a reader. `email` as typed, `email_key` for recognising it (case-folded, IDNA domain)."""

    __tablename__ = "person"

    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)


class SignInChallenge(Base):
    """A letter with a link and a code: single use, ten minutes, bound to the browser that asked.

    Only hashes are kept. `reader_id` is empty for an unknown address: it looks and takes the same, and opens nothing.
    """

    __tablename__ = "sign_in_challenge"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    code_hash: Mapped[str] = mapped_column(Text)
    browser_hash: Mapped[str] = mapped_column(Text, index=True)
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"), index=True)
    next_path: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    wrong_codes: Mapped[int]


class ReaderSession(Base):
    """A signed-in browser. The cookie holds the token, the table its hash: ending the row ends the session.

    `stepped_at`: when the second step was taken, without which a role opens nothing. `fresh_until`: until when what asks
    for a fresh proof takes the last one. `browser`: what it calls itself, for the list of one's own sessions.
    """

    __tablename__ = "reader_session"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    browser: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    stepped_at: Mapped[datetime | None]
    fresh_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StaffRole(Base):
    """A role in the team, from when until when; the open row is the role held."""

    __tablename__ = "staff_role"
    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'editor', 'manager', 'admin')", name="role"),
        Index(
            "uq_staff_role_held",
            "reader_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    role: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime]
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    ended_at: Mapped[datetime | None]


class AddressChange(Base):
    """A reader asked for letters to go elsewhere: confirmed from the new address within a day, once."""

    __tablename__ = "address_change"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    email: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LetterRefusal(Base):
    """A reader wants no letters of this sort (`topics`, `stories`); letters about money and sign-in are of no sort."""

    __tablename__ = "letter_refusal"

    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)
    sort: Mapped[str] = mapped_column(Text, primary_key=True)
    refused_at: Mapped[datetime]


class LetterConsent(Base):
    """A reader said that they want letters of a sort, or that they do not any more: when, where, and to which words.

    The proof stays while the reader does; what holds now says `LetterRefusal`.
    """

    __tablename__ = "letter_consent"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    sort: Mapped[str] = mapped_column(Text)
    wanted: Mapped[bool]
    at: Mapped[datetime]
    place: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)

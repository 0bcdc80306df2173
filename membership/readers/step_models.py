"""What the team's second step is taken with: passkeys, an authenticator app, recovery codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Passkey(Base):
    """A credential of a person's device (WebAuthn Level 3). `uses`: the device's own count, 0 where it keeps none."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    credential_id: Mapped[str] = mapped_column(Text, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    uses: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Authenticator(Base):
    """An app that shows six digits (TOTP, RFC 6238). The seed is sealed; `last_step` is the newest half minute whose digits
    were taken, so that none is taken twice."""

    __tablename__ = "authenticator"

    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code on paper, for when the device is lost; good once. Only its hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("ix_recovery_code_reader_id", "reader_id"),)

    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SpentChallenge(Base):
    """A passkey's answer that was taken: the same one is not taken again."""

    __tablename__ = "spent_challenge"

    challenge_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    used_at: Mapped[datetime]

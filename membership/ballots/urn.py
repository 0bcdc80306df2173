"""The urn: votes without names and times, the seal that holds the key while a ballot is open, and the chained public log.

No row here points to a reader. While a ballot is open, a vote carries `voter_ref`, which only the ballot's own random key
can make from a reader; the key lies in `ballot_seal`, encrypted under the application's secret, and is deleted with the
count. Rows have random keys and, on SQLite, no hidden row number, so that their order tells nothing.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base


class Vote(Base):
    """What one patron sent, as canonical text. Changing a vote rewrites its row; `voter_ref` is empty once counted.

    `weight` is 1 unless the ballot's published rule says otherwise.
    """

    __tablename__ = "vote"
    __table_args__ = (
        UniqueConstraint("ballot_id", "voter_ref"),
        Index("ix_vote_groups", "ballot_id", "content", "weight"),
        {"sqlite_with_rowid": False},
    )

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    voter_ref: Mapped[bytes | None] = mapped_column(LargeBinary)
    weight: Mapped[int] = mapped_column(server_default=text("1"))


class BallotSeal(Base):
    """An open ballot's secrets, encrypted: the key behind `voter_ref`, and the lots until they are revealed."""

    __tablename__ = "ballot_seal"

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary)
    lots: Mapped[bytes] = mapped_column(LargeBinary)


class BallotPending(Base):
    """A line that waits to be sealed into the log among at least nine others, in shuffled order."""

    __tablename__ = "ballot_pending"
    __table_args__ = (
        CheckConstraint("event IN ('cast', 'replaced', 'withdrawn', 'struck')", name="event"),
        {"sqlite_with_rowid": False},
    )

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    event: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)


class BallotLog(Base):
    """A sealed line of the public log, append-only: `hash` = SHA-256 over the previous hash, `seq`, `event` and `code`.

    `code` is a vote's receipt code, or, for what befalls the ballot itself (opened, closed, cancelled), the words for it.
    """

    __tablename__ = "ballot_log"

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    prev: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)

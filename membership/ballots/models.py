"""The ballot, its options, and the roll of who may vote. What was voted lies in the urn (`urn.py`), without names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Ballot(Base):
    """One question put to patrons.

    `status`: a *draft* is announced and may still change; *open* takes votes until `closes_at` by the clock, whatever the
    worker does; *final* is counted; *void* was cancelled with a reason. `quorum` is a number of votes (0: none).
    `lot_commitment` is SHA-256 of `lot_salt` followed by `lot_order`, made at the announcement; these two are empty until
    the close.
    `result` is canonical JSON, `result_sha` its SHA-256. `void_reason` is an editor's, and empty for a ballot whose time
    passed before it could be opened. `rule` says who may vote (`eligibility.RollRule`); `late_roll_at` is when late joiners
    were added, if the rule lets them. `roll_by` is how many lines of the roll came from each source of standing, as it was
    drawn up. `turnout_told`: how many had voted at `turnout_told_at`, in tens, which is what everybody is told while the
    ballot is open. `budget` is in days; `last_place` is what becomes of options level at the last
    place: the *lot* decides, or *all* of them win.
    """

    __tablename__ = "ballot"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'open', 'final', 'void')", name="status"),
        CheckConstraint("seats >= 1", name="seats"),
        CheckConstraint("quorum >= 0", name="quorum"),
        CheckConstraint("opens_at < closes_at", name="times"),
        CheckConstraint("(status = 'final') = (result IS NOT NULL)", name="result_when_final"),
        Index("ix_ballot_status", "status", "closes_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    attempt: Mapped[str] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    seats: Mapped[int]
    quorum: Mapped[int]
    max_rank: Mapped[int] = mapped_column(server_default=text("5"))
    budget: Mapped[int | None]
    last_place: Mapped[str] = mapped_column(Text, server_default=text("'lot'"))
    status: Mapped[str] = mapped_column(Text)
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)
    rule_version: Mapped[int]
    roll_frozen_at: Mapped[datetime | None]
    late_roll_at: Mapped[datetime | None]
    roll_by: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    turnout_told: Mapped[int] = mapped_column(server_default=text("0"))
    turnout_told_at: Mapped[datetime | None]
    lot_commitment: Mapped[str | None] = mapped_column(Text)
    lot_salt: Mapped[str | None] = mapped_column(Text)
    lot_order: Mapped[str | None] = mapped_column(Text)
    log_head: Mapped[str] = mapped_column(Text)
    log_length: Mapped[int]
    result: Mapped[str | None] = mapped_column(Text)
    result_sha: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None]
    void_reason: Mapped[str | None] = mapped_column(Text)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))


class BallotOption(Base):
    """A topic as it stands on a ballot: position, text and cost (in days) are frozen when the ballot opens.

    One that was withdrawn since stays where it is, struck out, and is skipped in the count.
    """

    __tablename__ = "ballot_option"
    __table_args__ = (UniqueConstraint("ballot_id", "topic_id"),)

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    cost: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(Text)


class BallotRoll(Base):
    """Who may vote, and why: drawn up once, at the opening. `voted` says that, never what or when.

    `reason` is a source of standing (`memberships.standing.SOURCES`), `source_id` its row, `paid_until` how long it is
    paid or given. `struck`: the money that carried it went back before the close, and the vote with it.
    """

    __tablename__ = "ballot_roll"

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True, index=True)
    reason: Mapped[str] = mapped_column(Text)
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("tier.id"))
    paid_until: Mapped[datetime | None]
    voted: Mapped[bool]
    source_id: Mapped[int | None] = mapped_column(Key)
    weight: Mapped[int] = mapped_column(server_default=text("1"))
    struck: Mapped[bool] = mapped_column(server_default=false())


class BallotBegun(Base):
    """That a patron began to vote, and when: by touching the form (told by the page's script) or by looking a vote over.

    Nothing of what they were about to choose. It is for one reminder, and deleted at the close.
    """

    __tablename__ = "ballot_begun"
    __table_args__ = (CheckConstraint("signal IN ('touched', 'looked_over')", name="signal"),)

    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True, index=True)
    begun_at: Mapped[datetime]
    signal: Mapped[str] = mapped_column(Text)

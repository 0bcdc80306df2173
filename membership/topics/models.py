"""Topics, their links and tags, who supports them, editors' decisions, what they said before, and what became of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class Topic(Base):
    """Something that a patron asks the newsroom to look into. `attempt` is the form's one-time value."""

    __tablename__ = "topic"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'accepted', 'declined', 'needs_facts', 'merged')", name="state"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged_into"),
        Index("ix_topic_state", "state"),
        Index("ix_topic_merged_into_id", "merged_into_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    attempt: Mapped[str] = mapped_column(Text, unique=True)
    proposer_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    proposed_at: Mapped[datetime]


class TopicLink(Base):
    """An address that a proposer gave as background."""

    __tablename__ = "topic_link"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(Text)


class TopicSupport(Base):
    """A patron stands behind a topic: once each. Withdrawing takes the row away."""

    __tablename__ = "topic_support"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True, index=True)
    supported_at: Mapped[datetime]


class TopicDecision(Base):
    """What an editor decided about a topic, with the reason that everybody may read."""

    __tablename__ = "topic_decision"
    __table_args__ = (CheckConstraint("kind IN ('accepted', 'declined', 'needs_facts', 'merged')", name="kind"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), index=True)
    kind: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    at: Mapped[datetime]


class TopicStep(Base):
    """What became of a topic above this room (put on a ballot, chosen, promised, published), with where to read on."""

    __tablename__ = "topic_step"
    __table_args__ = (UniqueConstraint("topic_id", "kind", "address"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"))
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class TopicRevision(Base):
    """What a topic said until an editor changed it. `links` one a line; `reason` is public, and may be empty."""

    __tablename__ = "topic_revision"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    links: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    edited_by: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    replaced_at: Mapped[datetime]


class TopicTag(Base):
    """A word of the editors' by which topics can be found together."""

    __tablename__ = "topic_tag"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(Text, primary_key=True, index=True)


class TopicWord(Base):
    """A word of a topic by which it is found (see `index.py`). Compared letter by letter on both databases."""

    __tablename__ = "topic_word"

    word: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True, index=True)

"""The newsroom itself, its sites and articles, its texts, and what a cup of coffee costs in each currency."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key, Minor


class Newsroom(Base):
    """The one row that says who we are; while it is missing, the site asks the operator to set it up."""

    __tablename__ = "newsroom"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    tagline: Mapped[str] = mapped_column(Text)
    mission: Mapped[str] = mapped_column(Text)
    contact_email: Mapped[str] = mapped_column(Text)
    legal_name: Mapped[str] = mapped_column(Text)
    legal_address: Mapped[str] = mapped_column(Text)
    tax_number: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    accent: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]


class Site(Base):
    """A web origin of the newsroom (`https://news.example.org`): its articles may carry our embeds."""

    __tablename__ = "site"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    origin: Mapped[str] = mapped_column(Text, unique=True)


class Article(Base):
    """An article under which an appeal was seen or somebody began to pay; its address is canonical (no query, no fragment).

    Title and language are as the first embed said them.
    """

    __tablename__ = "article"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    address: Mapped[str] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    first_seen_at: Mapped[datetime]


class Coffee(Base):
    """The smallest monthly amount in one currency: what a cup of coffee costs there. Also the list of currencies offered."""

    __tablename__ = "coffee"

    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    minor: Mapped[int] = mapped_column(Minor)


class ContactPoint(Base):
    """Whom to tell of a hole in the security, or of what somebody cannot use; where there is none, the newsroom's own
    address serves. `until`: the last day for which staff said that somebody reads it."""

    __tablename__ = "contact_point"
    __table_args__ = (CheckConstraint("kind IN ('security', 'accessibility')", name="kind"),)

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    until: Mapped[date | None]


class Page(Base):
    """A text of the staff's (`terms`, `privacy`, `contact`, `ways`, `money`), in Markdown."""

    __tablename__ = "page"

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(Key)

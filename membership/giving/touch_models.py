"""How somebody came to a payment: kept once with the checkout, never as a history."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Key


class CheckoutTouch(Base):
    """The last touch before a checkout (the article itself stands in the checkout), and the first one where it is known.

    `appeal_id` and `day` say which appeal was clicked, and of which day's deal; the number is an upper room's, so no key.
    `from_host` is the site that led to the article. `thanks` is the code of whoever passed it on.
    """

    __tablename__ = "checkout_touch"
    __table_args__ = (
        Index("ix_checkout_touch_appeal_id", "appeal_id"),
        Index("ix_checkout_touch_campaign", "campaign"),
    )

    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkout.id"), primary_key=True)
    embed: Mapped[str | None] = mapped_column(Text)
    appeal_id: Mapped[int | None] = mapped_column(Key)
    day: Mapped[date | None]
    language: Mapped[str | None] = mapped_column(Text)
    campaign: Mapped[str | None] = mapped_column(Text)
    utm_source: Mapped[str | None] = mapped_column(Text)
    utm_medium: Mapped[str | None] = mapped_column(Text)
    utm_campaign: Mapped[str | None] = mapped_column(Text)
    utm_content: Mapped[str | None] = mapped_column(Text)
    utm_term: Mapped[str | None] = mapped_column(Text)
    from_host: Mapped[str | None] = mapped_column(Text)
    first_article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    first_day: Mapped[date | None]
    thanks: Mapped[str | None] = mapped_column(Text)

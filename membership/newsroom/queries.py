"""Questions about the newsroom."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from membership.db import run
from membership.money import Money
from membership.newsroom.models import Article, Coffee, ContactPoint, Newsroom, Page, Site


def current(session: Session) -> Newsroom | None:
    """The newsroom, or None before it is set up."""
    return session.get(Newsroom, 1)


FACTS = select(Newsroom.__table__)  # type: ignore[arg-type]
"""What every page knows of the newsroom: its columns by name."""


def facts(books: Connection) -> Any:
    """The same for every page, without a session."""
    return run(books, FACTS, {}).first()


def today(session: Session, at: datetime) -> date:
    """Which day it is at this moment by the newsroom's calendar."""
    newsroom = current(session)
    return at.astimezone(ZoneInfo(newsroom.time_zone if newsroom else "UTC")).date()


def coffees(session: Session) -> dict[str, Money]:
    """What a cup of coffee costs, by currency; its keys are the currencies offered, the newsroom's own first."""
    rows = session.execute(select(Coffee).order_by(Coffee.currency)).scalars().all()
    newsroom = current(session)
    own = newsroom.currency if newsroom else ""
    return {row.currency: Money(row.minor, row.currency) for row in sorted(rows, key=lambda row: row.currency != own)}


def sites(session: Session) -> list[str]:
    """The origins of the newsroom's own sites."""
    return list(session.execute(select(Site.origin).order_by(Site.origin)).scalars())


def contact_points(session: Session) -> dict[str, ContactPoint]:
    """Whom staff named for reports, by kind (`security`, `accessibility`)."""
    return {row.kind: row for row in session.execute(select(ContactPoint)).scalars()}


def own_language(session: Session) -> str:
    """The newsroom's language: for whoever has not shown another one."""
    newsroom = current(session)
    return newsroom.language if newsroom else "en"


def page(session: Session, slug: str) -> Page | None:
    """A text of the staff's."""
    return session.get(Page, slug)


def article_at(session: Session, address: str) -> Article | None:
    """The article with this canonical address, if somebody came from it before."""
    return session.execute(select(Article).where(Article.address == address)).scalar_one_or_none()

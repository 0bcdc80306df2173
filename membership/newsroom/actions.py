"""Verbs about the newsroom: remembering the article somebody came from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.newsroom.models import Article
from membership.newsroom.queries import article_at, sites
from membership.newsroom.rules import canonical_article


def article(session: Session, address: str, title: str, at: datetime) -> Article | None:
    """The article with this address, remembered from the first time on; None outside the newsroom's sites."""
    canonical = canonical_article(address, set(sites(session)))
    if canonical is None:
        return None
    insert_once(session, Article, address=canonical, title=title[:300], first_seen_at=at)
    return article_at(session, canonical)

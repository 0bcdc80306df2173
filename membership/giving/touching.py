"""Keeping a touch with its checkout, and remembering the article that it names."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.giving.touches import UTM, Touch
from membership.newsroom import actions as newsroom
from membership.newsroom.models import Article


def article_of(session: Session, touch: Touch, at: datetime) -> Article | None:
    """The article of a touch, remembered from the first time on."""
    if touch.article is None:
        return None
    return newsroom.article(session, touch.article, touch.title or "", at, language=touch.language)


def note_touch(session: Session, checkout: Checkout, touch: Touch, *, at: datetime) -> None:
    """Keep how a checkout's payer came, once: whoever sends the same form again came the same way."""
    if not touch:
        return
    first = newsroom.article(session, touch.first_article, "", at) if touch.first_article else None
    insert_once(
        session, CheckoutTouch, checkout_id=checkout.id, embed=touch.embed, appeal_id=touch.appeal, day=touch.day,
        language=touch.language, campaign=touch.campaign, from_host=touch.from_host,
        first_article_id=first.id if first else None, first_day=touch.first_day, thanks=touch.thanks,
        **{name: (touch.utm or {}).get(name) for name in UTM},
    )  # fmt: skip

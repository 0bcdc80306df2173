"""The invented newsroom's appeal: two variants under its articles for the last weeks, seen, clicked and paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.appeals import actions
from membership.appeals.models import AppealCount
from membership.appeals.rules import Words, dealt
from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.newsroom.models import Article

RUNNING = timedelta(days=40)
THANKED = Words(
    heading="You have read to the end. Thank you.",
    text=(
        "Nothing that the Lantern publishes is locked away. What makes that possible is readers who carry the cost "
        "together, so that those who cannot pay read the same pages.\n\n"
        "From {price} a month, the price of one cup of coffee, you propose what we should look into, you vote on what we "
        "report next, and we tell you what came of it."
    ),
    button="Become a patron",
    ways="Other ways to support",
)
ASKED = Words(
    heading="What should we look into next?",
    text=(
        "This story was paid for by readers, and stories like it begin with a question of theirs. Patrons put them to the "
        "vote, from {price} a month. Every vote counts the same, and everything we find is open to everybody."
    ),
    button="Vote with us",
    ways="Other ways to support",
)


def tell_appeal(session: Session, *, by: int, at: datetime, chance: Random) -> None:
    """An appeal that has run for a while; what was paid under an article since then began with it."""
    begun = at - RUNNING
    appeal = actions.draft(
        session, "Thanks, or a question?", {(0, "en"): THANKED, (1, "en"): ASKED}, by=by, at=begun - timedelta(days=1)
    )
    actions.begin(session, appeal.id, by=by, at=begun)
    articles = {row.id: row.address for row in session.execute(select(Article)).scalars()}
    paid = select(Checkout).where(Checkout.article_id.is_not(None), Checkout.begun_at >= begun)
    clicks: dict[tuple[int, object], int] = {}
    for checkout in session.execute(paid).scalars():
        day = checkout.begun_at.date()
        clicks[checkout.article_id or 0, day] = clicks.get((checkout.article_id or 0, day), 0) + 1
        session.add(CheckoutTouch(checkout_id=checkout.id, embed="appeal", appeal_id=appeal.id, day=day, language="en"))
    for article_id, address in sorted(articles.items()):
        for number in range(RUNNING.days + 1):
            day = (begun + timedelta(days=number)).date()
            seen = int(40 * chance.paretovariate(2.0))
            clicked = clicks.get((article_id, day), 0) + sum(chance.random() < 0.03 for _ in range(seen))
            session.add(
                AppealCount(
                    day=day, appeal_id=appeal.id, article_id=article_id, variant=dealt(appeal.id, address, day, 2),
                    language="en", seen=seen + clicked, clicked=clicked,
                )
            )  # fmt: skip
    session.flush()

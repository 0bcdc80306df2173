"""From the appeal to the checkout: the last touch and the first one, once, and nothing for an article elsewhere."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.newsroom.models import Article
from tests import make

SITE = "http://localhost:8002"
CAME = (
    f"{SITE}/ferry?utm_source=letter#embed=appeal&appeal=4&day=2026-11-25&lang=de&title=Die+F%C3%A4hre&from=search.example"
    f"&first={SITE}/wells&first_day=2026-11-02&thanks=K7"
)


@pytest.fixture
def begin(session, client):
    """Begin to give, coming that way; Stripe is out of reach, but what was asked for is written before it is asked."""

    def give(article: str, attempt: str = "an-attempt-of-a-test") -> Checkout:
        client.get("/give", query_string={"article": article})
        fields = {"email": "nora@example.org", "currency": "EUR", "amount": "5", "attempt": attempt, "article": article}
        assert client.post("/give", data=fields).status_code == 503
        session.expire_all()
        return session.execute(select(Checkout).order_by(Checkout.id.desc())).scalars().first()

    return give


def test_the_last_touch_is_kept_with_the_checkout_and_the_first_one_too(session, begin):
    checkout = begin(CAME)
    touch = session.get_one(CheckoutTouch, checkout.id)
    article = session.get_one(Article, checkout.article_id)
    assert (article.address, article.title, article.language) == (f"{SITE}/ferry", "Die Fähre", "de")
    assert (touch.embed, touch.appeal_id, touch.day) == ("appeal", 4, date(2026, 11, 25))
    assert (touch.utm_source, touch.utm_campaign, touch.from_host, touch.thanks) == (
        "letter",
        None,
        "search.example",
        "K7",
    )
    assert session.get_one(Article, touch.first_article_id).address == f"{SITE}/wells"
    assert touch.first_day == date(2026, 11, 2)


def test_the_same_form_sent_twice_is_one_touch(session, begin):
    begin(CAME), begin(CAME)
    assert session.scalar(select(func.count()).select_from(CheckoutTouch)) == 1


def test_an_article_elsewhere_is_dropped_with_all_that_came_along(session, begin):
    checkout = begin("https://elsewhere.example/a?utm_source=x#embed=appeal&appeal=4&day=2026-11-25")
    assert checkout.article_id is None
    assert session.get(CheckoutTouch, checkout.id) is None
    assert session.execute(select(Article)).first() is None


def test_who_comes_without_a_word_leaves_none(session, begin):
    assert session.get(CheckoutTouch, begin("").id) is None


def test_a_title_that_is_known_stays_and_one_that_was_missing_is_filled_in(session, begin):
    session.add(Article(address=f"{SITE}/wells", title="Wells", first_seen_at=make.NOON))
    session.add(Article(address=f"{SITE}/ferry", title="", first_seen_at=make.NOON))
    session.commit()
    begin(CAME)
    begin(f"{SITE}/wells#title=Something+else&embed=appeal", attempt="another-attempt-of-a-test")
    assert set(session.execute(select(Article.title)).scalars()) == {"Die Fähre", "Wells"}

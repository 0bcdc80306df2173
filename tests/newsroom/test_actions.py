"""The newsroom is set up once; articles are remembered by their address."""

import pytest
from sqlalchemy import func, select

from membership.money import TooSmall
from membership.newsroom import actions, queries
from membership.newsroom.models import Article
from membership.newsroom.rules import AlreadySetUp
from membership.refusals import NotFound
from tests.make import NOON

ABOUT = actions.About(
    name="N", tagline="", mission="M", contact_email="a@b.example", legal_name="L", legal_address="A", tax_number="",
    currency="EUR", accent="#000000",
)  # fmt: skip


def test_a_newsroom_is_set_up_once(session):
    with pytest.raises(AlreadySetUp):
        actions.set_up(session, ABOUT, origins=[], coffees={"EUR": 300}, at=NOON)


def test_an_article_is_one_row_however_it_is_reached(session):
    first = actions.article(session, "http://localhost:8002/story?utm=x#top", "A story", NOON)
    again = actions.article(session, "http://localhost:8002/story", "", NOON)
    assert first.id == again.id and again.title == "A story"
    assert session.scalar(select(func.count()).select_from(Article)) == 1


def test_an_address_outside_our_sites_is_no_article(session):
    assert actions.article(session, "https://elsewhere.example/story", "", NOON) is None


def test_sites_are_replaced_and_articles_stay(session):
    actions.article(session, "http://localhost:8002/story", "", NOON)
    actions.replace_sites(session, ["https://new.example"])
    assert queries.sites(session) == ["https://new.example"]
    actions.replace_sites(session, [])
    assert queries.sites(session) == []
    assert session.scalar(select(func.count()).select_from(Article)) == 1


def test_the_own_currency_stays_on_offer(session):
    with pytest.raises(actions.OwnCurrencyMissing):
        actions.replace_coffees(session, {"USD": 300})
    with pytest.raises(TooSmall):
        actions.replace_coffees(session, {"EUR": 300, "USD": 49})
    assert list(queries.coffees(session)) == ["EUR", "JPY", "USD"]


def test_only_the_texts_of_the_site_are_written(session):
    with pytest.raises(NotFound):
        actions.write_page(session, "secrets", "x", by=None, at=NOON)

"""How somebody came, as it travels in one address: read back, checked, and dropped where it is nobody's."""

from __future__ import annotations

from datetime import date

import pytest

from membership.giving.touches import LIMIT, NO_TOUCH, carry, read, with_marks

SITES = {"https://news.example", "https://magazine.example"}
ARTICLE = "https://news.example/a"


def test_what_was_carried_is_read_back():
    carried = carry(
        "https://news.example/a?utm_source=letter&page=2",
        embed="appeal", appeal=3, day=date(2026, 11, 25), lang="pt-BR", title="The ferry & the tide", campaign="winter",
        first="https://magazine.example/b?x=1", first_day="2026-11-02", thanks="K7", **{"from": "other.example"},
    )  # fmt: skip
    touch = read(carried, SITES)
    assert (touch.article, touch.title, touch.language) == (ARTICLE, "The ferry & the tide", "pt-BR")
    assert (touch.embed, touch.appeal, touch.day) == ("appeal", 3, date(2026, 11, 25))
    assert touch.utm == {"utm_source": "letter"}
    assert (touch.campaign, touch.from_host, touch.thanks) == ("winter", "other.example", "K7")
    assert (touch.first_article, touch.first_day) == ("https://magazine.example/b", date(2026, 11, 2))


@pytest.mark.parametrize(
    "carried",
    ["", "https://elsewhere.example/a#embed=appeal&appeal=3", "javascript:alert(1)#appeal=3", "x" * (LIMIT + 1),
     "https://news.example@evil.example/#appeal=1"],
)  # fmt: skip
def test_an_article_elsewhere_takes_all_that_came_with_it_along(carried):
    assert read(carried, SITES) == NO_TOUCH


def test_marks_without_an_article_stay():
    touch = read("#utm_source=letter&from=other.example", SITES)
    assert touch.article is None and touch.utm == {"utm_source": "letter"} and touch.from_host == "other.example"


@pytest.mark.parametrize(
    ("said", "name"),
    [("appeal=-1", "appeal"), ("appeal=1e9", "appeal"), ("appeal=٣", "appeal"), ("day=25.11.2026", "day"),
     ("day=2026-13-01", "day"), ("lang=<b>", "language"), ("utm_source=%3Cscript%3E", "utm"), ("from=a%20b", "from_host"),
     ("from=news.example", "from_host"), ("first=https://elsewhere.example/x", "first_article"), ("thanks=a/b", "thanks"),
     ("first_day=2026-01-01", "first_day")],
)  # fmt: skip
def test_what_does_not_fit_is_nothing(said, name):
    assert getattr(read(f"{ARTICLE}#{said}", SITES), name) is None


def test_what_is_too_long_is_left_out_and_the_article_stays():
    assert carry(ARTICLE, title="x" * LIMIT) == ARTICLE
    assert carry("x" * (LIMIT + 1), title="y") == ""


def test_a_letters_link_brings_its_marks_and_a_page_without_an_article_the_site_that_led_here():
    marks = {"utm_medium": "email", "tier": "friend", "campaign": "winter"}
    assert with_marks(ARTICLE, marks, "https://other.example/x") == f"{ARTICLE}#utm_medium=email&campaign=winter"
    assert read(with_marks("", {}, "https://other.example/x?secret=1"), SITES).from_host == "other.example"
    assert with_marks("", {}, None) == ""

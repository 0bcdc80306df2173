"""Which variant stands where, what may be written, marks of patrons, and when a difference can be believed."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from membership.appeals.differences import compared, quantile, rate
from membership.appeals.rules import StrayBraces, check_braces, dealt, language_for, missing, paragraphs
from membership.newsroom.marks import back_to, is_marked, mark_for

DAY = date(2026, 11, 25)


def test_every_article_shows_one_variant_on_a_day_and_the_days_are_dealt_out_evenly():
    days = [DAY + timedelta(days=number) for number in range(2000)]
    dealt_out = Counter(dealt(7, "https://news.example/a", day, 2) for day in days)
    assert dealt_out[0] + dealt_out[1] == 2000 and abs(dealt_out[0] - 1000) < 150
    assert dealt(7, "https://news.example/a", DAY, 2) == dealt(7, "https://news.example/a", DAY, 2)
    assert len({dealt(7, f"https://news.example/{number}", DAY, 4) for number in range(60)}) == 4
    assert {dealt(number, "https://news.example/a", DAY, 2) for number in range(30)} == {0, 1}
    assert dealt(7, "x", DAY, 1) == 0


@pytest.mark.parametrize("words", ["{name}", "{price} and {Price}", "{", "}", "{{price}}", "{price"])
def test_braces_that_are_no_placeholder_are_refused(words):
    with pytest.raises(StrayBraces):
        check_braces("fine", words)


def test_the_price_may_stand_anywhere():
    check_braces("From {price}", "{price}{price}", "")


@pytest.mark.parametrize(
    ("wishes", "found"),
    [(("de-AT", "en"), "de"), (("pt-BR",), "pt_BR"), (("pt",), "en"), (("ar-EG",), "ar"), ((), "en"), (("xx",), "en")],
)
def test_a_reader_gets_the_words_of_their_language_else_the_newsrooms(wishes, found):
    assert language_for(wishes, ["ar", "de", "en", "pt_BR"], "en") == found


def test_without_the_newsrooms_own_language_the_first_one_serves():
    assert language_for((), ["de", "uk"], "en") == "de"


def test_what_lacks_words_is_named():
    assert missing(2, [(0, "en"), (1, "en"), (0, "de")]) == (1, "de")
    assert missing(2, [(0, "en"), (1, "en")]) is None


def test_paragraphs_are_what_stands_between_empty_lines():
    assert paragraphs("One\r\nline.\r\n\r\n \nTwo.\n") == ["One line.", "Two."]


def test_a_patrons_mark_is_signed_lasts_a_quarter_and_tells_nobody_apart():
    at = datetime(2026, 11, 25, 10, tzinfo=UTC)
    mark = mark_for(at, "secret")
    assert mark == mark_for(at - timedelta(days=20), "secret")
    assert is_marked(mark, at.date(), "secret") and is_marked(mark, date(2027, 2, 28), "secret")
    assert not is_marked(mark, date(2027, 3, 1), "secret")
    assert not is_marked(mark, at.date(), "another secret")
    assert not is_marked("2099-01" + mark[7:], at.date(), "secret")
    assert (
        back_to("https://news.example/a?x=1#end", at, "secret")
        == f"https://news.example/a?x=1#membership-patron={mark}"
    )
    assert not is_marked("", at.date(), "secret") and not is_marked("é" * 50, at.date(), "secret")


@pytest.mark.parametrize(("freedom", "exact"), [(5, 2.5706), (10, 2.2281), (30, 2.0423), (1000, 1.9623)])
def test_quantiles_are_those_of_the_tables(freedom, exact):
    assert quantile(0.95, freedom) == pytest.approx(exact, abs=0.004)


def test_one_story_that_everybody_read_counts_as_one():
    even = rate([(1000, 10)] * 50)
    one = rate([(100_000, 1000)] + [(10, 0)] * 49)
    assert even.effective == pytest.approx(50) and one.effective == pytest.approx(1, abs=0.01)


def test_with_few_payments_no_interval_is_told():
    assert not rate([(1000, 1), (1000, 2)]).is_told
    assert rate([(0, 3)]) is None
    assert compared(rate([(1000, 1), (1000, 2)]), rate([(1000, 100)] * 40)) is None


def articles_days(chance: random.Random, number: int, lift: float = 1.0) -> list[tuple[int, int]]:
    """Article-days as they are: a few that everybody reads, and stories that move people more or less."""
    days = []
    for _ in range(number):
        seen = int(min(chance.paretovariate(1.3) * 100, 10_000))
        moved = chance.gammavariate(2.0, 0.005) * lift
        days.append((seen, sum(chance.random() < moved for _ in range(seen))))
    return days


def test_two_equal_variants_are_hardly_ever_believed_to_differ_where_counting_readers_would_often_say_so():
    chance, believed, naive, runs = random.Random(8), 0, 0, 60
    for _ in range(runs):
        one, other = (rate(articles_days(chance, 60)) for _ in range(2))
        beside = compared(one, other)
        believed += beside.believed
        seen = 20_000
        errors = (one.value * (1 - one.value) / seen + other.value * (1 - other.value) / seen) ** 0.5
        naive += abs(one.value - other.value) > 2.576 * errors
    assert believed <= 2
    assert naive >= 10


def test_a_real_difference_is_found_and_its_direction_told():
    chance = random.Random(5)
    one, other = rate(articles_days(chance, 300)), rate(articles_days(chance, 300, lift=2.0))
    beside = compared(one, other)
    assert beside.believed and beside.low > 0
    assert compared(other, one).high < 0

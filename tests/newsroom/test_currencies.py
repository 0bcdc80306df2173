"""The currency that a reader is shown first."""

import pytest

from membership.newsroom.currencies import choose

OFFERED = ["EUR", "USD", "GBP", "UAH"]


@pytest.mark.parametrize(
    ("wish", "languages", "expected"),
    [
        ("USD", ["de-AT"], "USD"),
        ("usd", ["de-AT"], "USD"),
        ("JPY", ["de-AT"], "EUR"),
        ("", ["en-GB"], "GBP"),
        (None, ["en-GB", "de"], "GBP"),
        (None, ["uk"], "UAH"),
        (None, ["uk-UA", "en"], "UAH"),
        (None, ["de"], "EUR"),
        (None, ["en"], "USD"),
        (None, ["de-CH", "de-DE"], "EUR"),
        (None, ["en-CH"], "EUR"),
        (None, ["ja", "en-GB"], "GBP"),
        (None, ["ja"], "EUR"),
        (None, ["zh-Hant-TW", "en-US"], "USD"),
        (None, [], "EUR"),
        (None, ["*"], "EUR"),
        (None, ["", "x", "no such tag", "en-XX", "es-419", "en-001", "ü"], "EUR"),
        ("€; DROP", ["*"], "EUR"),
    ],
)
def test_the_readers_choice_counts_then_the_browsers_languages_then_the_newsroom(wish, languages, expected):
    assert choose(OFFERED, wish=wish, languages=languages, default="EUR") == expected


def test_a_default_that_is_not_offered_gives_way_to_the_first_that_is():
    assert choose(["UAH", "USD"], wish=None, languages=[], default="EUR") == "UAH"

"""Rules about the newsroom, as tables of cases."""

import pytest

from membership.money import CURRENCIES, Money
from membership.newsroom import defaults, rules

SITES = {"https://news.example", "http://localhost:8002", "https://xn--bcher-kva.example"}


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("https://news.example/a/b", "https://news.example/a/b"),
        ("https://news.example/a?utm=1#top", "https://news.example/a"),
        ("https://NEWS.example:443/a", "https://news.example/a"),
        ("https://news.example", "https://news.example/"),
        ("http://localhost:8002/a", "http://localhost:8002/a"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        ("http://news.example/a", None),
        ("https://news.example:8443/a", None),
        ("https://news.example.evil.test/a", None),
        ("https://news.example@evil.test/a", None),
        ("https://user@news.example/a", None),
        ("//news.example/a", None),
        ("javascript:alert(1)//news.example", None),
        ("https://news.example:99999/a", None),
        ("https://[::1/a", None),
        ("https://news.example/a b", None),
        ("https://news.example/" + "a" * 1000, None),
        ("", None),
    ],
)
def test_an_article_is_known_by_its_address_on_our_sites_alone(address, canonical):
    assert rules.canonical_article(address, SITES) == canonical


@pytest.mark.parametrize(
    ("line", "origin"),
    [
        ("https://News.Example/", "https://news.example"),
        (" https://news.example:443 ", "https://news.example"),
        ("http://localhost:8002", "http://localhost:8002"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_a_site_is_read_as_its_origin(line, origin):
    assert rules.read_site(line) == origin


@pytest.mark.parametrize(
    "line",
    ["news.example", "https://", "ftp://news.example", "https://news.example/blog", "https://news.example/?a",
     "https://u:p@news.example", "https://news.example:port", "https://new;s.example", "https://'self'"],
)  # fmt: skip
def test_what_is_no_site_is_refused_by_its_line(line):
    with pytest.raises(rules.NotASite) as refused:
        rules.read_sites(f"https://news.example\n\n{line}\n")
    assert refused.value.values["line"] == line


def test_sites_are_read_once_each_in_their_order():
    typed = "https://b.example\r\n\r\nhttps://a.example/\nhttps://B.example\n"
    assert rules.read_sites(typed) == ["https://b.example", "https://a.example"]


@pytest.mark.parametrize(
    ("typed", "colour"),
    [("#9a3324", "#9a3324"), ("9A3324", "#9a3324"), (" #767676 ", "#767676"), ("#000000", "#000000")],
)
def test_a_dark_colour_is_taken(typed, colour):
    assert rules.read_accent(typed) == colour


@pytest.mark.parametrize("typed", ["#777777", "#ffcc00", "#ffffff", "#ff0000"])
def test_a_pale_colour_is_refused_with_its_contrast(typed):
    with pytest.raises(rules.PaleColour) as refused:
        rules.read_accent(typed)
    assert float(refused.value.values["contrast"]) <= 4.5


@pytest.mark.parametrize("typed", ["", "red", "#fff", "#12345g", "#9a3324;}", "url(x)", "#９a3324"])
def test_what_is_no_colour_is_refused(typed):
    with pytest.raises(rules.NotAColour):
        rules.read_accent(typed)


@pytest.mark.parametrize("accent", ["#000000", "#000080", "#9a3324", "#226b3c", "#767676", "#4b0082"])
def test_the_accent_reads_well_on_dark_paper_and_dark_letters_on_it(accent):
    light = rules.accent_on_dark(accent)
    assert rules.contrast(light, rules.DARK_SHEET) >= 4.5
    assert rules.contrast(light, "#1a1512") >= 4.5


def test_contrast_is_what_the_guideline_says():
    assert rules.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert rules.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_token_is_made_from_the_secret_and_from_nothing_else():
    token = rules.setup_token("one secret")
    assert token == rules.setup_token("one secret") != rules.setup_token("another")
    rules.check_setup_token(f" {token} ", "one secret")
    for wrong in ("", token[:-1], token.upper() + "x", "ü" * 27):
        with pytest.raises(rules.WrongSetupToken):
            rules.check_setup_token(wrong, "one secret")


@pytest.mark.parametrize(
    ("minor", "there", "expected"),
    [
        (500, "USD", 600),
        (1000, "USD", 1200),
        (500, "JPY", 650),
        (500, "PLN", 2000),
        (2500, "CZK", 54000),
        (300, "UAH", 6000),
    ],
)
def test_a_price_goes_abroad_by_the_cup_and_arrives_round(minor, there, expected):
    coffee = Money(defaults.COFFEES[there], there)
    assert rules.by_the_cup(Money(minor, "EUR"), Money(300, "EUR"), coffee) == Money(expected, there)


def test_a_price_abroad_is_never_below_a_coffee_there():
    for code, minor in defaults.COFFEES.items():
        coffee = Money(minor, code)
        price = rules.by_the_cup(Money(300, "EUR"), Money(300, "EUR"), coffee)
        assert price >= coffee and price.minor % CURRENCIES[code].step == 0


def test_the_defaults_can_be_charged():
    for code, minor in defaults.COFFEES.items():
        assert CURRENCIES[code].minimum <= minor and minor % CURRENCIES[code].step == 0

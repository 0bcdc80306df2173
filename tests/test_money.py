"""Money: whole minor units, read strictly, written by the locale's rules, never mixed and never rounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership import money
from membership.money import (
    CURRENCIES,
    MOST,
    BeyondCounting,
    CurrenciesDiffer,
    Money,
    NotAnAmount,
    TooLarge,
    TooSmall,
    UnknownCurrency,
    check_bounds,
    check_counted,
    read_amount,
)

codes = st.sampled_from(sorted(CURRENCIES))


@st.composite
def amounts(draw, code=None):
    """Any amount that can be charged in a currency."""
    table = CURRENCIES[code or draw(codes)]
    return Money(draw(st.integers(0, table.maximum // table.step)) * table.step, table.code)


READ = [
    ("5", "EUR", 500),
    ("5.5", "EUR", 550),
    ("5,50", "EUR", 550),
    ("5.50", "eur", 550),
    ("005", "EUR", 500),
    ("0", "EUR", 0),
    ("0.01", "EUR", 1),
    ("19.99", "USD", 1999),
    (" 7 ", "EUR", 700),
    ("\u00a07\u202f", "EUR", 700),
    ("500", "JPY", 500),
    ("500", "ISK", 50000),
    ("500", "UGX", 50000),
    ("1.25", "KWD", 1250),
    ("1.2", "BHD", 1200),
    ("9999999999999", "EUR", 999999999999900),
]


def test_what_is_counted_and_not_charged_may_be_large_and_small():
    for minor in (1, 150_000_000, MOST):
        assert check_counted(Money(minor, "USD")).minor == minor
    with pytest.raises(TooSmall):
        check_counted(Money(0, "USD"))
    with pytest.raises(BeyondCounting):
        check_counted(Money(MOST + 1, "USD"))


@pytest.mark.parametrize(("typed", "code", "minor"), READ)
def test_what_a_person_types_is_read_exactly(typed, code, minor):
    assert read_amount(typed, code) == Money(minor, code.upper())


REFUSED = [
    "", " ", "-3", "+3", "1e9", "NaN", "sNaN", "Infinity", "1_000", "1 000", "1,000.00", "1.000,00", "5.", ".5", "5..5",
    "1.005", "٥", "१२", "１２", "五", "½", "²", "5 EUR", "€5", "5\x00", "0x10", "5.5.5", "5;5", "5\n5", "1" * 14, "5.1234",
]  # fmt: skip


@pytest.mark.parametrize("typed", REFUSED)
@pytest.mark.parametrize("code", ["EUR", "JPY", "ISK", "KWD"])
def test_what_is_no_amount_is_refused_and_never_rounded(typed, code):
    with pytest.raises(NotAnAmount):
        read_amount(typed, code)


@pytest.mark.parametrize(
    ("typed", "code"), [("5.5", "JPY"), ("5.5", "ISK"), ("5.0", "UGX"), ("1.005", "KWD"), ("1.005", "EUR")]
)
def test_decimals_that_the_currency_does_not_have_are_refused(typed, code):
    with pytest.raises(NotAnAmount):
        read_amount(typed, code)


@pytest.mark.parametrize("code", ["", "EURO", "XXX", "€", "ＥＵＲ", "BTC"])
def test_an_unknown_currency_is_refused(code):
    with pytest.raises(UnknownCurrency):
        read_amount("5", code)


@given(amounts())
def test_typing_an_amount_as_the_house_writes_it_gives_it_back(amount):
    assert read_amount(amount.typed(), amount.currency) == amount


@given(st.text(), codes)
def test_any_text_is_an_amount_or_a_named_refusal(typed, code):
    try:
        read = read_amount(typed, code)
    except NotAnAmount:
        return
    assert read.minor >= 0 and read.minor % CURRENCIES[code].step == 0
    assert read.major == Decimal(typed.strip(" \t\r\n\u00a0\u202f").replace(",", "."))


@given(amounts())
def test_the_major_amount_is_exact(amount):
    assert amount.major * 10 ** CURRENCIES[amount.currency].decimals == amount.minor


@given(codes.flatmap(lambda code: st.tuples(amounts(code), amounts(code))))
def test_adding_and_subtracting_undo_each_other(pair):
    one, other = pair
    assert one + other - other == one and one + -one == Money(0, one.currency) and one * 3 == one + one + one
    assert (one < other) == (one.minor < other.minor) and (one >= other) == (one.minor >= other.minor)


@pytest.mark.parametrize("deed", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b])
def test_two_currencies_never_meet(deed):
    with pytest.raises(CurrenciesDiffer):
        deed(Money(500, "EUR"), Money(500, "USD"))


@pytest.mark.parametrize("minor", [5.0, Decimal(5), "5", True, None])
def test_money_is_made_of_whole_numbers_only(minor):
    with pytest.raises(TypeError):
        Money(minor, "EUR")


EUR_FLOOR = Money(300, "EUR")
BOUNDS = [
    (Money(300, "EUR"), EUR_FLOOR, None),
    (Money(299, "EUR"), EUR_FLOOR, TooSmall),
    (Money(0, "EUR"), None, TooSmall),
    (Money(-500, "EUR"), None, TooSmall),
    (Money(49, "EUR"), None, TooSmall),
    (Money(50, "EUR"), None, None),
    (Money(99_999_999, "EUR"), None, None),
    (Money(100_000_000, "EUR"), None, TooLarge),
    (Money(49, "JPY"), None, TooSmall),
    (Money(50, "JPY"), None, None),
    (Money(0, "UGX"), None, TooSmall),
    (Money(100, "UGX"), None, None),
    (Money(999_999_999_999, "IDR"), None, None),
    (Money(999_999_999_999_900, "EUR"), None, TooLarge),
]


@pytest.mark.parametrize(("amount", "floor", "refusal"), BOUNDS)
def test_an_amount_lies_between_the_floor_and_what_can_be_charged(amount, floor, refusal):
    if refusal is None:
        assert check_bounds(amount, floor=floor) is amount
        return
    with pytest.raises(refusal):
        check_bounds(amount, floor=floor)


def test_a_floor_is_named_in_the_readers_language():
    with pytest.raises(TooSmall) as refused:
        check_bounds(Money(100, "EUR"), floor=Money(350, "EUR"), locale="de")
    assert refused.value.values == {"floor": "3,50\u00a0€"}


WRITTEN = [
    (Money(500, "EUR"), "en", "€5"),
    (Money(550, "EUR"), "en", "€5.50"),
    (Money(550, "EUR"), "de", "5,50\u00a0€"),
    (Money(123456, "USD"), "en", "$1,234.56"),
    (Money(500, "JPY"), "en", "¥500"),
    (Money(50000, "ISK"), "en", "ISK\u00a0500"),
    (Money(1250, "KWD"), "en", "KWD\u00a01.25"),
    (Money(-550, "EUR"), "en", "-€5.50"),
    (Money(12345600, "INR"), "en_IN", "₹1,23,456"),
]


@pytest.mark.parametrize(("amount", "locale", "text"), WRITTEN)
def test_money_is_written_by_the_locales_rules(amount, locale, text):
    assert amount.written(locale) == text


@given(amounts(), st.sampled_from(["en", "de", "fr", "ja", "en_IN", "pt-BR"]))
def test_every_amount_can_be_written_and_loses_no_digit(amount, locale):
    digits = "".join(letter for letter in amount.written(locale) if letter.isdecimal())
    assert int(digits) in {amount.minor, amount.minor // CURRENCIES[amount.currency].step, int(amount.major)}


def test_the_table_agrees_with_itself():
    for code, table in money.CURRENCIES.items():
        assert table.code == code == code.upper()
        assert table.minimum % table.step == 0 and table.minimum < table.maximum
        assert 0 <= table.shown_decimals <= table.decimals

"""Money: a whole number of minor units with its currency, and what each currency's minor unit is at Stripe.

The table follows Stripe's "Supported currencies" page (zero-decimal, three-decimal and special cases, minimum charges),
which is neither ISO 4217 nor CLDR: ISK and UGX are sent times 100 and must end in 00, three-decimal amounts end in 0.
Nothing here ever rounds on reading: an amount that does not fit is refused. No float touches money.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, total_ordering

from babel import Locale
from babel.numbers import format_currency, get_currency_symbol

from membership.refusals import N_, Refused


@dataclass(frozen=True)
class Currency:
    """`decimals`: digits between the major and the minor unit as Stripe sends it; `step`: minor units that an amount
    must be a multiple of; `minimum`/`maximum`: smallest and largest charge in minor units (0: Stripe names none)."""

    code: str
    decimals: int = 2
    step: int = 1
    minimum: int = 0
    maximum: int = 99_999_999

    @property
    def shown_decimals(self) -> int:
        """Digits after the point that a person may type: those that the step leaves free."""
        free = self.decimals
        step = self.step
        while step >= 10 and free:
            step //= 10
            free -= 1
        return free


def _table() -> dict[str, Currency]:
    minimums = {
        50: "USD ARS AUD BRL CAD CHF COP EUR IDR ILS INR NZD PHP RUB SGD ZAR",
        30: "GBP",
        200: "AED MYR PLN RON",
        250: "DKK",
        300: "NOK SEK",
        400: "HKD",
        1000: "MXN THB",
        1500: "CZK",
        17500: "HUF",
    }
    maximums = {"IDR": 999_999_999_999, "COP": 9_999_999_999, "INR": 999_999_999}
    currencies = {
        code: Currency(code, minimum=minimum, maximum=maximums.get(code, 99_999_999))
        for minimum, codes in minimums.items()
        for code in codes.split()
    }
    for code in [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]:
        currencies[code] = Currency(code, decimals=0, minimum=50 if code in {"JPY", "KRW"} else 0)
    for code in ("ISK", "UGX"):
        currencies[code] = Currency(code, step=100)
    for code in ["BHD", "JOD", "KWD", "OMR", "TND"]:
        currencies[code] = Currency(code, decimals=3, step=10)
    for code in ("TWD", "UAH"):
        currencies[code] = Currency(code)
    return dict(sorted(currencies.items()))


CURRENCIES: dict[str, Currency] = _table()


class NotAnAmount(Refused):
    """What was typed is no amount of this currency."""

    field = "amount"
    words = N_("Please write an amount in digits, like %(example)s.")


class UnknownCurrency(Refused):
    """A currency code outside the table."""

    field = "currency"
    words = N_("We cannot take that currency.")


class TooSmall(Refused):
    """Below the floor. The floor stands in `values["floor"]`."""

    field = "amount"
    words = N_("The smallest amount is %(floor)s.")


class BeyondCounting(Refused):
    """More than our books hold."""

    field = "amount"
    words = N_("That is more than anybody counts. Please look at the amount again.")


class TooLarge(Refused):
    """Above what can be charged at once. The ceiling stands in `values["ceiling"]`."""

    field = "amount"
    words = N_("The largest amount that can be paid online is %(ceiling)s. Please write to us.")


class CurrenciesDiffer(TypeError):
    """Two currencies were added or compared: a mistake in the code, never of a reader."""


def currency(code: str) -> Currency:
    """The table's line for a code in any case. Raises `UnknownCurrency`."""
    try:
        return CURRENCIES[code.upper()]
    except KeyError:
        raise UnknownCurrency() from None


@total_ordering
@dataclass(frozen=True)
class Money:
    """An amount in minor units (Stripe's) of one currency (upper-case code). May be negative: a correction."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is counted in whole minor units, not {self.minor!r}")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.typed()} {self.currency}"

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact: for showing only."""
        return Decimal(self.minor).scaleb(-currency(self.currency).decimals)

    def typed(self) -> str:
        """As a person would type it into a form: `5`, `5.50`."""
        places = currency(self.currency).shown_decimals
        text = f"{self.major:.{places}f}"
        return text[: -places - 1] if places and text.endswith("." + "0" * places) else text

    def written(self, locale: str = "en") -> str:
        """For people, by the locale's rules (CLDR); whole amounts without decimals."""
        return _written(self, locale)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrenciesDiffer(f"{self.currency} and {other.currency}")
        return other


@lru_cache(maxsize=4096)
def _written(money: Money, locale: str) -> str:
    """Kept, because the same few amounts are written all day long."""
    table = currency(money.currency)
    places = table.shown_decimals
    whole = money.minor % (10**table.decimals) == 0
    digits = "" if whole or not places else "." + "0" * places
    rules = Locale.parse(locale, sep="-" if "-" in locale else "_")
    pattern = _pattern(money.currency, rules, digits)
    return format_currency(money.major, money.currency, format=pattern, locale=rules, currency_digits=False)


def _pattern(code: str, rules: Locale, digits: str) -> str:
    """The locale's own currency pattern with just these decimals; a code in letters stands apart from the number."""
    pattern = rules.currency_formats["standard"].pattern
    if get_currency_symbol(code, rules)[-1].isalpha():
        pattern = pattern.replace("¤#", "¤\u00a0#")
    return re.sub(r"(#,##0|#,##,##0)(\.00)?", lambda match: match[1] + digits, pattern)


_AMOUNT = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,3}))?")


def read_amount(typed: str, code: str) -> Money:
    """Read what a person typed (`5`, `5.5`, `5,50`), strictly: ASCII digits and at most one decimal sign.

    Raises `UnknownCurrency` or `NotAnAmount`; never rounds ("5.001" in euros is refused, not 5.00).
    """
    table = currency(code)
    match = _AMOUNT.fullmatch(typed.strip(" \t\r\n\u00a0\u202f"))
    decimals = match[2] or "" if match else ""
    if match is None or len(decimals) > table.shown_decimals:
        raise NotAnAmount(example="5.50" if table.shown_decimals >= 2 else "500")
    return Money(int(match[1] + decimals.ljust(table.decimals, "0")), table.code)


MOST = 10**15
"""Minor units: more than anybody counts, and a thousandth of what a column holds."""


def check_counted(money: Money, *, locale: str = "en") -> Money:
    """The same money, or `TooSmall` / `BeyondCounting`: for what is counted and not charged (a goal, cash in a tin, a part of
    a payment that goes back)."""
    if money.minor < 1:
        raise TooSmall(floor=Money(1, money.currency).written(locale))
    if money.minor > MOST:
        raise BeyondCounting()
    return money


def check_bounds(money: Money, *, floor: Money | None = None, locale: str = "en") -> Money:
    """The same money, or `TooSmall` / `TooLarge`: at least `floor` and Stripe's minimum, at most Stripe's maximum."""
    table = currency(money.currency)
    least = max(floor.minor if floor else 0, table.minimum, table.step)
    if money.minor < least:
        raise TooSmall(floor=Money(least, money.currency).written(locale))
    if money.minor > table.maximum:
        raise TooLarge(ceiling=Money(table.maximum, money.currency).written(locale))
    return money

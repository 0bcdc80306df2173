"""Money, days and yes or no as other systems write them. Pure; what can be read in two ways is refused, not guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from membership.giving.bank_rules import read_bank_amount
from membership.money import CURRENCIES, Money, currency
from membership.refusals import Refused

SIGNS = {"€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY"}, "₴": {"UAH"}, "₹": {"INR"}, "zł": {"PLN"}, "Kč": {"CZK"}, "Ft": {"HUF"},
         "R$": {"BRL"}, "US$": {"USD"}, "CA$": {"CAD"}, "A$": {"AUD"}, "NZ$": {"NZD"}, "HK$": {"HKD"}, "MX$": {"MXN"},
         "$": {"USD", "CAD", "AUD", "NZD", "HKD", "MXN", "TWD"}, "kr": {"DKK", "NOK", "SEK", "ISK"},
         "CHF": {"CHF"}}  # fmt: skip
ORDERS = ("mdy", "dmy")
"""How days with slashes are meant: `11/3/2026` is the third of November, or the eleventh of March."""
MONTHS = {name: number for number, names in enumerate(
    ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
     "sep sept september", "oct october", "nov november", "dec december"), start=1) for name in names.split()}  # fmt: skip

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:,? (\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])[Mm])?)?", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2})(?:,? (\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_NAMED = re.compile(r"([A-Za-z]+)\.? (\d{1,2}),? (\d{4})|(\d{1,2}) ([A-Za-z]+)\.?,? (\d{4})", re.ASCII)
_NOTHING = re.compile(r"0+(?:[.,]0+)?")
_PART = re.compile(r"[.,]0{1,2}$")


class Unclear(ValueError):
    """What stands there cannot be read for certain."""


class NoSuchCurrency(ValueError):
    """A currency that cannot be charged."""


def read_money(typed: str, code: str) -> Money | None:
    """`5.00`, `$1,234.50`, `5,00 €`, `USD 5`: an amount of the currency `code`. None when nothing is written.

    A sign or code beside the number must not speak of another currency. Raises `Unclear`, `NoSuchCurrency`.
    """
    if code.upper() not in CURRENCIES:
        raise NoSuchCurrency(code)
    code = code.upper()
    plain = typed.strip(" \t\u00a0\u202f")
    for sign in sorted(SIGNS, key=len, reverse=True):
        if plain.startswith(sign) or plain.endswith(sign):
            if code not in SIGNS[sign]:
                raise Unclear(typed)
            plain = plain.removeprefix(sign).removesuffix(sign).strip(" \u00a0\u202f")
            break
    if named := re.fullmatch(r"([A-Za-z]{3}) ?(.*)|(.*?) ?([A-Za-z]{3})", plain):
        if (named[1] or named[4]).upper() != code:
            raise Unclear(typed)
        plain = named[2] if named[1] else named[3]
    if not plain:
        return None
    if _NOTHING.fullmatch(plain):
        return Money(0, code)
    if currency(code).shown_decimals == 0:
        plain = _PART.sub("", plain)  # 500.00 yen are 500
    try:
        return read_bank_amount(plain, code)
    except Refused:
        raise Unclear(typed) from None


def read_minor(typed: str, code: str) -> Money | None:
    """An amount in hundredths, as `1250`. Raises `Unclear`, `NoSuchCurrency`."""
    if code.upper() not in CURRENCIES:
        raise NoSuchCurrency(code)
    if not typed.strip():
        return None
    if not re.fullmatch(r"[0-9]{1,11}(?:\.0+)?", typed.strip(), re.ASCII):
        raise Unclear(typed)
    return Money(int(typed.strip().partition(".")[0]), code.upper())


def read_moment(typed: str, *, order: str | None, zone: str, whole_day: bool = False) -> datetime | None:
    """A day or a moment, as an aware UTC time; None when nothing is written.

    A moment without a zone is UTC, which is what exports are written in. A day is the newsroom's: its beginning, or with
    `whole_day` its end. `order` says how slashes are meant; without it only days above the twelfth are clear.
    Raises `Unclear`.
    """
    plain = " ".join(typed.split())
    if not plain:
        return None
    try:
        if match := _ISO.fullmatch(plain):
            day, rest = date(int(match[1]), int(match[2]), int(match[3])), match.groups()[3:]
        elif match := _DOTTED.fullmatch(plain):
            year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)  # a short year is one of this century
            day, rest = date(year, int(match[2]), int(match[1])), (*match.groups()[3:], None)
        elif match := _SLASHED.fullmatch(plain):
            day, rest = _slashed(match, order), (_hour(match[4], match[7]), match[5], match[6], None)
        elif match := _NAMED.fullmatch(plain):
            word, number, written = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
            day, rest = date(int(written), MONTHS[word.lower()], int(number)), (None, None, None, None)
        else:
            raise Unclear(typed)
        return _moment(day, rest, zone, whole_day)
    except (ValueError, KeyError, OverflowError):
        raise Unclear(typed) from None


def _moment(day: date, rest: tuple[str | None, ...], zone: str, whole_day: bool) -> datetime:
    hour, minute, second, offset = rest
    if hour is None:
        day += timedelta(days=1) if whole_day else timedelta()
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    moment = datetime.combine(day, time(int(hour), int(minute or 0), int(second or 0)), UTC)
    if offset and offset[0] in "+-":
        ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
        moment -= ahead if offset[0] == "+" else -ahead
    return moment


def _slashed(match: re.Match[str], order: str | None) -> date:
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    if order is None and first <= 12 and second <= 12 and first != second:
        raise Unclear(match[0])
    by_month = order == "mdy" if order else second > 12
    return date(year, first, second) if by_month else date(year, second, first)


def _hour(hour: str | None, half: str | None) -> str | None:
    if hour is None or half is None:
        return hour
    return str(int(hour) % 12 + (12 if half in "pP" else 0))


def read_yes(typed: str) -> bool | None:
    """`yes`, `TRUE`, `1`, `x` and their opposites; None for anything else: what is not said is not known."""
    word = typed.strip().casefold()
    if word in {"yes", "true", "1", "y", "x", "t", "on"}:
        return True
    return False if word in {"no", "false", "0", "n", "f", "off"} else None


def read_interval(typed: str) -> str | None:
    """`month` or `year`; None for another rhythm. Nothing written is a month, as every system has it by default."""
    word = " ".join(typed.split()).casefold()
    if word in {"", "month", "monthly", "1 month", "every month", "per month", "month to month"}:
        return "month"
    yearly = {"year", "yearly", "annual", "annually", "1 year", "every year", "per year", "12 months"}
    return "year" if word in yearly else None

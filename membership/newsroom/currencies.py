"""Which currency to show somebody: what they chose, else what their browser's languages suggest, else the newsroom's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import get_territory_currencies

TODAY = date(2026, 1, 1)
"""CLDR lists currencies by date; any day after the last change serves."""


def choose(offered: Sequence[str], *, wish: str | None, languages: Iterable[str], default: str) -> str:
    """One of `offered` (upper-case codes, at least one). `languages` are the browser's tags in their order (`de-AT`)."""
    if wish and wish.upper() in offered:
        return wish.upper()
    for tag in languages:
        for code in _currencies_of(tag):
            if code in offered:
                return code
    return default if default in offered else offered[0]


def _currencies_of(tag: str) -> list[str]:
    """What is paid with where this language is likely spoken (CLDR's likely subtags)."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return []
    likely = get_global("likely_subtags").get(locale.language, "")
    territory = locale.territory or likely.rpartition("_")[2]
    return get_territory_currencies(territory, start_date=TODAY) if territory else []

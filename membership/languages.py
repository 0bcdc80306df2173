"""The languages in which the house speaks: its pages, its letters and its papers."""

from __future__ import annotations

from functools import cache

from babel import Locale, UnknownLocaleError

LANGUAGES = ("en", "de", "es", "uk")
"""Those that are complete; a reader is never shown half of one."""
OWN_NAMES = {"en": "English", "de": "Deutsch", "es": "Español", "uk": "Українська"}
"""What each calls itself, for those who look for it on a page that they cannot read."""


def language_of(tag: str) -> str:
    """The one of ours that this language is (`de_AT`, `de-AT`: `de`), else English: what is written to somebody is in it."""
    short = tag.replace("-", "_").partition("_")[0].lower()
    return short if short in LANGUAGES else LANGUAGES[0]


@cache
def direction(tag: str) -> str:
    """`ltr` or `rtl`, for any language: bulletins and appeals may be in others, too."""
    try:
        return str(Locale.parse(tag, sep="-" if "-" in tag else "_").text_direction)
    except (ValueError, UnknownLocaleError):
        return "ltr"

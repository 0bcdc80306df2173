"""Rules about appeals: which variant an article shows on a day, which language, and what may be written. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from membership.refusals import N_, Refused

MOST_VARIANTS = 4
PRICE = "{price}"


class StrayBraces(Refused):
    """Braces around something that is no placeholder."""

    words = N_(
        "Only {price} may stand in braces: it becomes the smallest monthly price. “%(found)s” would be shown as it is."
    )


class MissingWords(Refused):
    """An appeal cannot begin while one of its variants lacks a language that another one has."""

    status = 409
    words = N_(
        "Variant %(variant)s has no words in %(language)s yet: the comparison would be of languages, not of words."
    )


class TooManyVariants(Refused):
    """More variants than articles could be dealt to within reason."""

    status = 409
    words = N_("Four variants are the most: with more of them, none is seen often enough to tell.")


class Running(Refused):
    """What an appeal is compared by stays as it is while it runs."""

    status = 409
    words = N_("This appeal runs or has run: its variants and languages stay. Copy it to try something else.")


class NotRunning(Refused):
    """Only an appeal that runs can end."""

    status = 409
    words = N_("This appeal does not run.")


class UnknownLanguage(Refused):
    """No language tag."""

    field = "language"
    words = N_("Please choose a language from the list.")


@dataclass(frozen=True)
class Words:
    """What one variant says in one language; `text` in paragraphs with an empty line between them, `ways` may be empty."""

    heading: str
    text: str
    button: str
    ways: str


def letter(variant: int) -> str:
    """A for the first."""
    return "ABCD"[variant]


def dealt(appeal_id: int, article: str, day: date, variants: int) -> int:
    """Which variant (from 0) is shown under an article on a day: for everybody the same, so that any cache may keep the page.

    A hash deals out article-days as evenly as a shuffled pack, and anybody can say afterwards what was shown where.
    """
    if variants <= 1:
        return 0
    digest = hashlib.sha256(f"{appeal_id}\n{article}\n{day.isoformat()}".encode()).digest()
    return int.from_bytes(digest[:8]) % variants


def language_for(wishes: Iterable[str], offered: Sequence[str], default: str) -> str:
    """The first wish (`de-AT`, `de`) in which there are words, else the default one, else the first there is."""
    by_tag = {tag.lower().replace("_", "-"): tag for tag in offered}
    for wish in wishes:
        tag = wish.lower().replace("_", "-")
        if found := by_tag.get(tag) or by_tag.get(tag.partition("-")[0]):
            return found
    return default if default in offered else offered[0]


def check_braces(*texts: str) -> None:
    """Raises `StrayBraces` for what looks like a placeholder and is none."""
    for text in texts:
        if stray := re.search(r"\{(?!price\})[^{}]*\}?|(?<!\{price)\}", text):
            raise StrayBraces(found=stray[0])


def paragraphs(text: str) -> list[str]:
    """A text's paragraphs; a single line break is a space."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part.strip()]


def missing(variants: int, have: Iterable[tuple[int, str]]) -> tuple[int, str] | None:
    """The first variant that lacks a language which another one has."""
    there = set(have)
    languages = sorted({language for _, language in there})
    needed = ((variant, language) for language in languages for variant in range(variants))
    return next((place for place in needed if place not in there), None)

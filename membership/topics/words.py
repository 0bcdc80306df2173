"""What a text is about, as words that can be compared: cut, freed of filling words, and brought back to their stems. Pure.

Stems are Snowball's for English, German and Spanish; for Ukrainian, which Snowball does not know, a few endings are taken
off. A text of another language is compared by its words as they are, which the likeness of letters makes up for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

import snowballstemmer

from membership.topics.kin import FAMILIES, FILLING, WEAK

LONGEST_WORD = 40
_SNOWBALL = {"en": "english", "de": "german", "es": "spanish"}
_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
_ENDINGS = (
    "еннями", "ення", "еннь", "ення", "ннями", "остей", "остям", "ості", "ість", "ування", "ями", "ами", "ього", "ьому",
    "ові", "еві", "ому", "ого", "ими", "іми", "ють", "ять", "ить", "еть", "ати", "ити", "іти", "ють", "уть", "ах", "ях",
    "ів", "їв", "ам", "ям", "ою", "ею", "єю", "ий", "ій", "их", "іх", "им", "ім", "ої", "ей", "ть",
    "ка", "ки", "ку", "а", "я", "о", "е", "є", "у", "ю", "и", "і", "ї", "ь", "й",
)  # fmt: skip
"""Endings of Ukrainian words, the longer ones first; at least three letters of a word stay."""


def language_of(text: str, otherwise: str) -> str:
    """The language whose filling words stand in the text most often; `otherwise` when none does so more than the others."""
    words = [word for word, _ in _cut(text)]
    found = {language: sum(word in filling for word in words) for language, filling in FILLING.items()}
    most = max(found.values())
    leading = [language for language, count in found.items() if count == most]
    return leading[0] if most and len(leading) == 1 else otherwise


def stems(text: str, language: str) -> list[str]:
    """The stems of a text's telling words, each once, in their order."""
    filling = FILLING.get(language, FILLING["en"])
    return list(dict.fromkeys(stem(word, language) for word, _ in _cut(text) if word not in filling and _tells(word)))


def families(stem_: str, language: str) -> frozenset[str]:
    """The names of the families of meaning that a stem belongs to."""
    table = _family_table(language)
    if language == "de" and stem_ not in table and len(stem_) >= 8:
        return _families_of_compound(stem_)
    return table.get(stem_, frozenset())


@lru_cache(maxsize=10_000)
def _families_of_compound(stem_: str) -> frozenset[str]:
    """German writes several words as one: what it begins with and what it ends with may each be known."""
    ends = [names for one, names in _family_table("de").items() if len(one) >= 4 and _is_end(one, stem_)]
    return frozenset(name for names in ends for name in names)


def _is_end(one: str, compound: str) -> bool:
    return compound.startswith(one) or (len(one) >= 5 and compound.endswith(one))


def is_weak(stem_: str, language: str) -> bool:
    """Whether a word stands in so many topics of any newsroom that it tells little."""
    return stem_ in _weak_stems(language)


def beginnings(stems_: Iterable[str]) -> set[str]:
    """The first four letters of each stem that has as many: what inflected and misspelt words still share."""
    return {one[:4] for one in stems_ if len(one) >= 4}


@lru_cache(maxsize=50_000)
def stem(word: str, language: str) -> str:
    """One casefolded word without its endings and accents."""
    if language in _SNOWBALL:
        word = _stemmer(language).stemWord(word)
    elif language == "uk":
        ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
        word = word[: len(word) - len(ending)]
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))[:LONGEST_WORD]


def _cut(text: str) -> list[tuple[str, int]]:
    """The words, casefolded and without a possessive's end, with where they stand."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("ʼ", "'")
    return [(re.sub(r"'s?$|'s$", "", match[0]), match.start()) for match in _WORD.finditer(text)]


def _tells(word: str) -> bool:
    return len(word) > 1 or word.isdigit() or not word.isascii()


@cache
def _stemmer(language: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(_SNOWBALL[language])


@cache
def _family_table(language: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, by_language in FAMILIES.items():
        for word in by_language.get(language, ()):
            found.setdefault(stem(word, language), set()).add(name)
    return {word: frozenset(names) for word, names in found.items()}


@cache
def _weak_stems(language: str) -> frozenset[str]:
    return frozenset(stem(word, language) for word in WEAK.get(language, ()))

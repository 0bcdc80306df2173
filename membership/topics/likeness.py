"""How alike two topics are: how much of what the one is about stands in the other. Pure.

Words are compared by their stems; one that is nearly spelt the same (a misspelling, an ending that no stemmer knows, the
part of a compound) counts a little less, one of the same family of meaning less again. Rare words weigh more than those
in many topics. What decides is the titles; the reasons only help: people give the same reasons for different things.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from membership.topics.words import families, is_weak, language_of, stems

ALIKE = 0.48
"""From so much likeness on (0 to 1) two topics are shown as alike."""
NEARLY = 0.8
"""Words of which so much of the letters is the same, in their order, count as one misspelt."""
SPELT, FAMILY, ELSEWHERE = 0.85, 0.7, 0.6
"""What a match is worth that is only nearly spelt the same, only of the family, only in the reason and not in the title."""
WEAK_WEIGHT = 0.4
REASON_WORDS = 60


@dataclass(frozen=True)
class Gist:
    """What a topic is about: the stems of its title and of its reason."""

    language: str
    title: tuple[str, ...]
    reason: tuple[str, ...]


def gist(title: str, why: str, language: str) -> Gist:
    """The gist of a topic; `language`: the one to suppose when its own words do not tell."""
    spoken = language_of(title, language_of(why, language))
    heading = stems(title, spoken)
    reason = [one for one in stems(why, spoken) if one not in heading]
    return Gist(spoken, tuple(heading), tuple(reason[:REASON_WORDS]))


def rarity(*, among: int, having: int) -> float:
    """The weight of a word that stands in `having` of `among` topics: between 1 and about 3."""
    return 1 + math.log10(1 + (among + 10) / (having + 1)) / 2


def likeness(one: Gist, other: Gist, weights: Mapping[str, float]) -> float:
    """From 0 to 1. `weights`: of stems by their rarity; 2 for one that is not named. Symmetric."""
    if not one.title or not other.title:
        return 0.0
    here, there = _covered(one, other, weights), _covered(other, one, weights)
    return (here + there) / 2


def _covered(one: Gist, other: Gist, weights: Mapping[str, float]) -> float:
    total = found = 0.0
    for word in one.title:
        weight = weights.get(word, 2.0) * (WEAK_WEIGHT if is_weak(word, one.language) else 1)
        total += weight
        found += weight * max(
            _best(word, other.title, one.language), ELSEWHERE * _best(word, other.reason, one.language)
        )
    return found / total


def _best(word: str, words: Iterable[str], language: str) -> float:
    own = families(word, language)
    best = 0.0
    for candidate in words:
        if candidate == word:
            return 1.0
        if best < SPELT and _nearly(word, candidate):
            best = SPELT
        elif best < FAMILY and own and own & families(candidate, language):
            best = FAMILY
    return best


def _nearly(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if len(short) < 4 or (word[0] != other[0] and short not in long):
        return False
    if short in long and (len(short) >= 5 or (long.startswith(short) and len(long) >= 8)):
        return True
    return len(short) >= 5 and Indel.normalized_similarity(word, other) >= NEARLY

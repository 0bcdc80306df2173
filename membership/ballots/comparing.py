"""What other rules would have said to the same rankings or stars: who wins every meeting of two, who is ranked by most. Pure.

Burlington 2009 is the known case: the instant runoff elected one, while another would have won against each of the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence


def elsewhere(
    method: str, options: Sequence[int], left: Sequence[int], groups: Iterable[tuple[str, int]]
) -> dict[str, list[int]]:
    """For one place by ranks or stars: `condorcet` (who beats each other option; empty if nobody does), and `approval`
    (whom most voters ranked, or gave a star). `left` are the options that were not withdrawn. Nothing for other methods.
    """
    if method not in {"irv", "star"}:
        return {}
    wins: dict[tuple[int, int], int] = defaultdict(int)
    named: Counter[int] = Counter()
    for content, votes in groups:
        levels = _levels(method, content, options, left)
        liked = [option for level in levels for option in level]
        for option in liked:
            named[option] += votes
        below = set(left)
        for level in levels:
            below -= set(level)
            for option in level:
                for other in below:
                    wins[option, other] += votes
    beats_all = [
        option for option in left if all(wins[option, other] > wins[other, option] for other in left if other != option)
    ]
    most = max(named.values(), default=0)
    return {"condorcet": beats_all, "approval": sorted(option for option in named if named[option] == most)}


def _levels(method: str, content: str, options: Sequence[int], left: Sequence[int]) -> list[list[int]]:
    """The options that somebody named, in levels from the best on."""
    if method == "irv":
        ranked = [int(part) for part in content.split(",") if part]
        return [[option] for option in ranked if option in left]
    by_stars: dict[str, list[int]] = defaultdict(list)
    for option, digit in zip(options, content, strict=True):
        if digit != "0" and option in left:
            by_stars[digit].append(option)
    return [by_stars[digit] for digit in sorted(by_stars, reverse=True)]

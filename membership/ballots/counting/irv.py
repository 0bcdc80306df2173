"""Instant runoff: a vote stands with its best option left; the weakest leaves, one a round, until one has a majority.

The majority is more than half of the votes that still stand with somebody. A vote all of whose options are gone is
exhausted. Of two left who are level one wins by the rule for ties. An option with no vote at all does not win.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from membership.ballots.counting.lots import Lots, who_is_ahead, who_is_behind
from membership.ballots.counting.outcome import Outcome, Round, Tie

Ranked = Iterable[tuple[Sequence[int], int]]
"""Votes as (positions from the best on, each once; how many such votes)."""

_Pile = list[tuple[Sequence[int], int]]


def count(options: Sequence[int], groups: Ranked, lots: Lots) -> Outcome:
    """Count rankings. Votes lie in a pile per option, and only the pile of who leaves is looked at again."""
    piles, held, exhausted = _first_preferences(options, groups)
    rounds: list[Round] = []
    ties: list[Tie] = []
    moved: dict[int, int] = {}
    while True:
        standing = sum(held.values())
        threshold = standing // 2 + 1
        number = len(rounds) + 1
        winner, broken = _winner(held, threshold, rounds, lots, number)
        loser = None
        if winner is None and standing:
            least = min(held.values())
            loser, broken = who_is_behind([o for o in held if held[o] == least], rounds, lots, round_number=number)
        ties += broken
        gone = () if loser is None else (loser,)
        won = () if winner is None else (winner,)
        rounds.append(Round(dict(held), won, gone, exhausted, transfers=moved, threshold=threshold))
        if loser is None:
            return Outcome(won, tuple(rounds), tuple(ties))
        del held[loser]
        moved = _move(piles.pop(loser, []), piles, held)
        exhausted += rounds[-1].tally[loser] - sum(moved.values())  # type: ignore[assignment]


def _first_preferences(options: Sequence[int], groups: Ranked) -> tuple[dict[int, _Pile], dict[int, int], int]:
    piles: dict[int, _Pile] = defaultdict(list)
    held = dict.fromkeys(options, 0)
    exhausted = 0
    for group in groups:
        ranking, votes = group
        if ranking:
            piles[ranking[0]].append(group)
            held[ranking[0]] += votes
        else:
            exhausted += votes
    return piles, held, exhausted


def _winner(
    held: dict[int, int], threshold: int, rounds: Sequence[Round], lots: Lots, number: int
) -> tuple[int | None, list[Tie]]:
    """Who has the majority, or, of two who are level, who is ahead."""
    most = max(held.values(), default=0)
    if not most:
        return None, []
    leading = [option for option, votes in held.items() if votes == most]
    if most >= threshold or len(held) == 2:
        return who_is_ahead(leading, rounds, lots, round_number=number)
    return None, []


def _move(pile: _Pile, piles: dict[int, _Pile], held: dict[int, int]) -> dict[int, int]:
    """Hand each vote of a pile to its best option left; tells how many went to whom."""
    moved: dict[int, int] = {}
    for group in pile:
        ranking, votes = group
        for option in ranking:
            if option in held:
                piles[option].append(group)
                held[option] += votes
                moved[option] = moved.get(option, 0) + votes
                break
    return moved

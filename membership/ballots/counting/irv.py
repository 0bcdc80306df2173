"""Instant runoff: a vote stands with its best option left; the weakest leaves, one a round, until one has a majority.

The majority is more than half of the votes that still stand with somebody. A vote all of whose options are gone is
exhausted. Of two left who are level one wins by the rule for ties. An option with no vote at all does not win.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from membership.ballots.counting.lots import Lots, who_is_ahead, who_is_behind
from membership.ballots.counting.outcome import Outcome, Round, Tie

Ranked = Iterable[tuple[str, int]]
"""Votes as (positions from the best on, as text with commas between; how many such votes)."""

Pile = dict[str, int]
"""What lies with an option: what else those votes name after it, and how many there are."""


def count(options: Sequence[int], groups: Ranked, lots: Lots) -> Outcome:
    """Count rankings. Votes lie in a pile per option, and only the pile of who leaves is looked at again.

    A ranking is read no further than it is needed: most votes never move.
    """
    named = {str(option): option for option in options}
    piles: dict[str, Pile] = {name: {} for name in named}
    exhausted = hand_out(groups, piles)
    held = {option: sum(piles[name].values()) for name, option in named.items()}
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
        exhausted += hand_out(piles.pop(str(loser)).items(), piles)
        del held[loser]
        after = {option: sum(piles[str(option)].values()) for option in held}
        moved = {option: after[option] - held[option] for option in held if after[option] != held[option]}
        held = after


def hand_out(groups: Ranked, piles: Mapping[str, Pile]) -> int:
    """Each vote to the first option it names that has a pile; tells how many name none."""
    nowhere = 0
    for ranking, votes in groups:
        head, _comma, rest = ranking.partition(",")
        while head not in piles:
            if not rest:
                nowhere += votes
                break
            head, _comma, rest = rest.partition(",")
        else:
            pile = piles[head]
            pile[rest] = pile.get(rest, 0) + votes
    return nowhere


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

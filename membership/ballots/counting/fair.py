"""Fair shares: sequential proportional approval (Thiele's rule, one place after the other).

The first place goes to the option with most ticks. From then on a vote counts for each option 1/(1+k), where k is how
many of its ticks have been chosen already; ties are broken by lot. Who nobody ticked is not chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from membership.ballots.counting.approval import Ticked, ticks_of
from membership.ballots.counting.lots import Lots
from membership.ballots.counting.outcome import Outcome, Round, Tie


def count(options: Sequence[int], groups: Ticked, seats: int, lots: Lots) -> Outcome:
    """Count votes. Whole numbers throughout: a vote is as many units as all shares divide evenly."""
    votes = list(groups)
    places = min(seats, len(options))
    unit = lcm(*range(1, places + 1)) if places else 1
    weights = {option: ticks * unit for option, ticks in ticks_of(options, votes).items()}
    supporters = _supporters(votes)
    served = [0] * len(votes)
    winners: list[int] = []
    rounds: list[Round] = []
    ties: list[Tie] = []
    while len(winners) < places and (most := max(weights.values(), default=0)) > 0:
        level = sorted(option for option, weight in weights.items() if weight == most)
        chosen = lots.first(level)
        if len(level) > 1:
            ties.append(Tie(len(rounds) + 1, tuple(level), "lot", (chosen,)))
        rounds.append(Round({option: Fraction(w, unit) for option, w in weights.items()}, elected=(chosen,)))
        winners.append(chosen)
        del weights[chosen]
        for group in supporters[chosen]:
            ticked, number = votes[group]
            served[group] += 1
            less = number * (unit // served[group] - unit // (served[group] + 1)) if served[group] < places else 0
            for option in ticked:
                if option in weights:
                    weights[option] -= less
    if not rounds:
        rounds = [Round(weights)]
    return Outcome(tuple(winners), tuple(rounds), tuple(ties))


def _supporters(votes: Sequence[tuple[Sequence[int], int]]) -> dict[int, list[int]]:
    """Which groups ticked an option."""
    supporters: dict[int, list[int]] = defaultdict(list)
    for group, (ticked, _number) in enumerate(votes):
        for option in ticked:
            supporters[option].append(group)
    return supporters

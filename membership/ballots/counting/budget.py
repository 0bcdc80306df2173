"""Sharing a budget, greedily: down the list by ticks, taking what still fits.

An option that costs more than what is left is passed over, and the next one is looked at. Where several are level and all
of them fit, all are taken; where they do not, the lot order says who is looked at first. Who nobody ticked is not taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from membership.ballots.counting.approval import Ticked, ticks_of
from membership.ballots.counting.lots import Lots
from membership.ballots.counting.outcome import Figure, Outcome, Round, Tie


def count(options: Sequence[int], groups: Ticked, lots: Lots, *, costs: Mapping[int, Figure], limit: Figure) -> Outcome:
    """Count ticks and spend `limit`; `costs` are of the same unit."""
    ticks = ticks_of(options, groups)
    line = sorted((option for option, votes in ticks.items() if votes), key=lambda o: (-ticks[o], lots.place(o)))
    left, taken, ties = limit, list[int](), list[Tie]()
    for _votes, level in groupby(line, key=ticks.__getitem__):
        tied = [option for option in level if costs[option] <= left]
        before = len(taken)
        together = sum(costs[option] for option in tied)
        for option in tied:
            if costs[option] <= left:
                left -= costs[option]
                taken.append(option)
        if together > limit - sum(costs[option] for option in taken[:before]):
            ties.append(Tie(1, tuple(sorted(tied)), "lot", tuple(taken[before:])))
    return Outcome(tuple(taken), (Round(ticks, elected=tuple(taken)),), tuple(ties), spent=limit - left)

"""Approval: everybody ticks all they would like, and the options with most ticks win.

Several places go to the next in line (plain top-k). Who nobody ticked does not win, even if a place stays empty. At the
last place a tie is broken by the lot order, which was drawn and committed to before the first vote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from membership.ballots.counting.lots import Lots
from membership.ballots.counting.outcome import Outcome, Round, Tie

Ticked = Iterable[tuple[Sequence[int], int]]
"""Votes as (positions ticked, each once; how many such votes)."""


def count(options: Iterable[int], groups: Ticked, seats: int, lots: Lots) -> Outcome:
    """Count votes; each position ticked must be one of `options`."""
    ticks = ticks_of(options, groups)
    line = sorted((option for option, votes in ticks.items() if votes), key=lambda o: (-ticks[o], lots.place(o)))
    winners = tuple(line[:seats])
    return Outcome(winners, (Round(ticks, elected=winners),), _tie_at_the_last_place(line, ticks, seats))


def ticks_of(options: Iterable[int], groups: Ticked) -> dict[int, int]:
    """How many ticked each option."""
    ticks = dict.fromkeys(options, 0)
    for ticked, votes in groups:
        for option in ticked:
            ticks[option] += votes
    return ticks


def _tie_at_the_last_place(line: list[int], ticks: dict[int, int], seats: int) -> tuple[Tie, ...]:
    if len(line) <= seats or ticks[line[seats - 1]] != ticks[line[seats]]:
        return ()
    level = ticks[line[seats]]
    tied = tuple(sorted(option for option in line if ticks[option] == level))
    favoured = tuple(option for option in line[:seats] if ticks[option] == level)
    return (Tie(1, tied, "lot", favoured),)

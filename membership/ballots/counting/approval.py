"""Approval: everybody ticks all they would like, and the options with most ticks win.

Several places go to the next in line (plain top-k). Who nobody ticked does not win, even if a place stays empty. At the
last place a tie is broken by the lot order, which was drawn and committed to before the first vote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from membership.ballots.counting.outcome import Outcome, Round, Tie


def count(
    options: Iterable[int], groups: Iterable[tuple[Sequence[int], int]], seats: int, lot_order: Sequence[int]
) -> Outcome:
    """Count votes given as (positions ticked, how many such votes). A tick for an option not in `options` is skipped."""
    ticks = dict.fromkeys(options, 0)
    for ticked, votes in groups:
        for option in set(ticked):
            if option in ticks:
                ticks[option] += votes
    lots = {option: place for place, option in enumerate(lot_order)}
    line = sorted(
        (option for option, votes in ticks.items() if votes), key=lambda option: (-ticks[option], lots[option])
    )
    winners = tuple(line[:seats])
    return Outcome(winners, (Round(ticks, elected=winners),), _tie_at_the_last_place(line, ticks, seats))


def _tie_at_the_last_place(line: list[int], ticks: dict[int, int], seats: int) -> tuple[Tie, ...]:
    if len(line) <= seats or ticks[line[seats - 1]] != ticks[line[seats]]:
        return ()
    level = ticks[line[seats]]
    tied = tuple(sorted(option for option in line if ticks[option] == level))
    favoured = tuple(option for option in line[:seats] if ticks[option] == level)
    return (Tie(1, tied, "lot", favoured),)

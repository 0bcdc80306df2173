"""Scottish STV: the single transferable vote with weighted inclusive Gregory transfers.

After the Scottish Local Government Elections Order 2007, Schedule 1, rules 45-52. Quota: ⌊valid votes/(seats+1)⌋+1. A
stage passes on one surplus, the largest first, or excludes one option. A surplus is passed on with every paper of the
pile, each now worth surplus × its worth ÷ what the pile holds, cut off after five decimals; papers go to their next
option that is neither elected nor excluded. Ties: who was ahead (or behind) at the latest stage where they differ, then
the lot order. The count ends when all seats are filled, or when no more options are left than seats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from membership.ballots.counting.irv import Pile, Ranked, hand_out
from membership.ballots.counting.lots import Lots, who_is_ahead, who_is_behind
from membership.ballots.counting.outcome import Outcome, Round, Tie

UNIT = 100_000
"""One vote. Everything is counted in hundred-thousandths, as whole numbers."""


@dataclass
class _Count:
    """The state of a count between two stages. An option's pile is sorted by what its papers are worth now."""

    held: dict[int, int]
    lots: Lots
    quota: int
    seats: int
    piles: dict[int, dict[int, Pile]]
    running: set[int]
    elected: list[int] = field(default_factory=list)
    lost: int = 0
    surpluses: list[int] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)


def count(options: Sequence[int], groups: Ranked, seats: int, lots: Lots) -> Outcome:
    """Count rankings; one without any option is no valid vote and left aside."""
    state = _Count(dict.fromkeys(options, 0), lots, 0, seats, {option: {} for option in options}, set(options))
    moved = _hand_on(state, [(UNIT, groups)])
    valid = sum(moved.values()) // UNIT
    quota = valid // (seats + 1) + 1
    state.quota = quota * UNIT
    if valid:
        _elect(state)
    _note(state, "first preferences", None, moved, ())
    while valid and len(state.elected) < seats and state.running:
        if (ahead := _next_surplus(state)) is not None:
            _pass_on_surplus(state, ahead)
        else:
            _exclude(state)
    return Outcome(tuple(state.elected), tuple(state.rounds), tuple(state.ties), quota=quota)


def _hand_on(state: _Count, papers: Iterable[tuple[int, Ranked]]) -> dict[int, int]:
    """Papers of each worth to their best option still running; tells what came to whom. What finds nobody is lost."""
    moved: dict[int, int] = {}
    for worth, groups in papers:
        came: dict[str, Pile] = {str(option): {} for option in state.running}
        hand_out(groups, came)
        for name, pile in came.items():
            if pile:
                option = int(name)
                moved[option] = moved.get(option, 0) + worth * sum(pile.values())
                _lay(state.piles[option], worth, pile)
    for option, worth in moved.items():
        state.held[option] += worth
    return moved


def _lay(piles: dict[int, Pile], worth: int, pile: Pile) -> None:
    there = piles.setdefault(worth, pile)
    if there is not pile:
        for rest, votes in pile.items():
            there[rest] = there.get(rest, 0) + votes


def _elect(state: _Count) -> None:
    """Whoever reached the quota, most votes first; and all who are left when they are no more than the seats."""
    free = state.seats - len(state.elected)
    reached = [o for o in state.running if state.held[o] >= state.quota]
    if len(state.running) <= free:
        reached = list(state.running)
    for option in sorted(reached, key=lambda o: (-state.held[o], state.lots.place(o))):
        state.elected.append(option)
        state.running.discard(option)
        if state.held[option] > state.quota:
            state.surpluses.append(option)
    if len(state.running) <= state.seats - len(state.elected) and state.running:
        _elect(state)


def _next_surplus(state: _Count) -> int | None:
    if not state.surpluses:
        return None
    most = max(state.held[option] for option in state.surpluses)
    level = [option for option in state.surpluses if state.held[option] == most]
    number = len(state.rounds) + 1
    chosen, ties = who_is_ahead(level, state.rounds[:-1], state.lots, round_number=number)
    state.ties += ties
    state.surpluses.remove(chosen)
    return chosen


def _pass_on_surplus(state: _Count, option: int) -> None:
    total = state.held[option]
    surplus = total - state.quota
    papers = state.piles.pop(option).items()
    moved = _hand_on(state, [(worth * surplus // total, pile.items()) for worth, pile in papers])
    state.lost += surplus - sum(moved.values())
    state.held[option] = state.quota
    _elect(state)
    _note(state, "surplus", option, moved, ())


def _exclude(state: _Count) -> None:
    least = min(state.held[option] for option in state.running)
    level = sorted(option for option in state.running if state.held[option] == least)
    number = len(state.rounds) + 1
    option, ties = who_is_behind(level, state.rounds[:-1], state.lots, round_number=number)
    state.ties += ties
    state.running.discard(option)
    moved = _hand_on(state, [(worth, pile.items()) for worth, pile in state.piles.pop(option).items()])
    state.lost += state.held[option] - sum(moved.values())
    state.held[option] = 0
    _elect(state)
    _note(state, "exclusion", option, moved, (option,))


def _note(state: _Count, action: str, of: int | None, moved: dict[int, int], gone: tuple[int, ...]) -> None:
    known = sum(len(one.elected) for one in state.rounds)
    transfers = {option: Fraction(worth, UNIT) for option, worth in moved.items() if of is not None}
    state.rounds.append(
        Round(
            {option: Fraction(worth, UNIT) for option, worth in state.held.items()},
            elected=tuple(state.elected[known:]), eliminated=gone, exhausted=Fraction(state.lost, UNIT),
            action=action, of=of, transfers=transfers,
        )
    )  # fmt: skip

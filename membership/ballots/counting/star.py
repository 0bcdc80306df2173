"""STAR: stars from 0 to 5 for each option; the two with most stars meet, and the one more people preferred wins.

Ties among scores, by the Official Tiebreaker Protocol (starvoting.org/ties): whoever lost most meetings of two among
those level is out, again and again; where that decides nothing, most fives are in, or fewest fives out; then the lot
order. A level runoff: more stars, then most fives, then the lot order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from operator import gt, lt

from membership.ballots.counting.lots import Lots
from membership.ballots.counting.outcome import Outcome, Round, Tie


class _Stars:
    """Votes by column: an option's digits of all votes that came equally often, as bytes."""

    def __init__(self, options: Sequence[int], groups: Iterable[tuple[str, int]]):
        contents: dict[int, list[str]] = defaultdict(list)
        for content, votes in groups:
            contents[votes].append(content)
        self._columns: list[tuple[int, dict[int, bytes]]] = []
        for votes, alike in contents.items():
            joined = "".join(alike).encode("ascii")
            columns = {option: joined[place :: len(options)] for place, option in enumerate(options)}
            self._columns.append((votes, columns))

    def scores(self, option: int) -> int:
        return sum(votes * (sum(by[option]) - 48 * len(by[option])) for votes, by in self._columns)

    def fives(self, option: int) -> int:
        return sum(votes * by[option].count(b"5") for votes, by in self._columns)

    def meeting(self, one: int, other: int) -> tuple[int, int]:
        """How many prefer one, and how many the other."""
        return self._prefer(gt, one, other), self._prefer(lt, one, other)

    def _prefer(self, how: Callable[[int, int], bool], one: int, other: int) -> int:
        return sum(votes * sum(map(how, by[one], by[other])) for votes, by in self._columns)

    def voters(self) -> int:
        return sum(votes * len(next(iter(by.values()), b"")) for votes, by in self._columns)


def count(options: Sequence[int], out: frozenset[int], groups: Iterable[tuple[str, int]], lots: Lots) -> Outcome:
    """Count contents of one digit per option of `options`; those in `out` are skipped. Whom nobody gave a star does
    not win.
    """
    stars = _Stars(options, groups)
    scores = {option: stars.scores(option) for option in options if option not in out}
    ties: list[Tie] = []
    finalists: list[int] = []
    running = {option: score for option, score in scores.items() if score}
    while running and len(finalists) < 2:
        most = max(running.values())
        level = sorted(option for option, score in running.items() if score == most)
        chosen = _finalists(level, 2 - len(finalists), stars, lots, ties)
        finalists += chosen
        for option in chosen:
            del running[option]
    first = Round(scores, eliminated=tuple(o for o in scores if o not in finalists), action="scores")
    if len(finalists) < 2:
        return Outcome(tuple(finalists), (Round(scores, elected=tuple(finalists), action="scores"),), tuple(ties))
    one, other = finalists
    for_one, for_other = stars.meeting(one, other)
    winner = _winner(one, other, for_one - for_other, scores, stars, lots, ties)
    runoff = Round(
        {one: for_one, other: for_other}, elected=(winner,), exhausted=stars.voters() - for_one - for_other,
        action="runoff",
    )  # fmt: skip
    return Outcome((winner,), (first, runoff), tuple(ties))


def _finalists(level: list[int], places: int, stars: _Stars, lots: Lots, ties: list[Tie]) -> list[int]:
    """Those of equal score who take the `places` left, by the protocol. Each step is told with who is favoured by it:
    they are in where they are no more than the places, otherwise the others are out.
    """
    if len(level) <= places:
        return level
    lost = dict.fromkeys(level, 0)
    for one, other in combinations(level, 2):
        for_one, for_other = stars.meeting(one, other)
        lost[one] += for_one < for_other
        lost[other] += for_other < for_one
    fives = {option: stars.fives(option) for option in level}
    step, ahead = "lot", [lots.first(level)]
    if len(set(lost.values())) > 1:
        step, ahead = "head-to-head", [option for option in level if lost[option] < max(lost.values())]
    elif len(set(fives.values())) > 1:
        step, ahead = "fives", [option for option in level if fives[option] == max(fives.values())]
        if len(ahead) > places:
            ahead = [option for option in level if fives[option] > min(fives.values())]
    ties.append(Tie(1, tuple(level), step, tuple(ahead)))
    if len(ahead) >= places:
        return _finalists(ahead, places, stars, lots, ties)
    behind = [option for option in level if option not in ahead]
    return ahead + _finalists(behind, places - len(ahead), stars, lots, ties)


def _winner(
    one: int, other: int, margin: int, scores: dict[int, int], stars: _Stars, lots: Lots, ties: list[Tie]
) -> int:
    if margin:
        return one if margin > 0 else other
    both = sorted((one, other))
    for step, figures in (("score", scores), ("fives", {option: stars.fives(option) for option in both})):
        if figures[one] != figures[other]:
            ties.append(Tie(2, tuple(both), step, (max(both, key=figures.__getitem__),)))
            break
    else:
        ties.append(Tie(2, tuple(both), "lot", (lots.first(both),)))
    return ties[-1].favoured[0]

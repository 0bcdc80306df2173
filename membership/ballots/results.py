"""What is kept of a count: canonical text, the same byte for byte whenever the same votes are counted again. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from membership.ballots.comparing import elsewhere
from membership.ballots.counting.methods import RULE_VERSION, tally
from membership.ballots.counting.outcome import Outcome, Tie
from membership.ballots.rules import publishes_contents
from membership.ballots.seals import digest

Alike = tuple[Sequence[str], int, int]
"""Contents that came equally often: (the contents, what each of their votes weighs, how many votes each of them is)."""


@dataclass(frozen=True)
class Count:
    """All that a count depends on. `options` are (position, title); `groups` are in no order.

    `last_place`: "lot" or "all" (whoever is level at the last place wins, too); `weights` the published rule, or None.
    """

    ballot: str
    method: str
    seats: int
    quorum: int
    options: Sequence[tuple[int, str]]
    groups: Sequence[Alike]
    lot_order: Sequence[int]
    roll: int
    voted: int
    last_place: str = "lot"
    costs: Mapping[int, int] = field(default_factory=dict)
    budget: int | None = None
    withdrawn: Sequence[int] = ()
    weights: Mapping[str, int] | None = None

    @property
    def votes(self) -> int:
        """How many votes there are, whatever they weigh."""
        return sum(number * len(contents) for contents, _weight, number in self.groups)

    def weighed(self, *, plain: bool = False) -> Iterator[tuple[str, int]]:
        """(content, votes), in no order and one after the other: a list of them all would take as long as counting them.
        `plain`: each vote is one, whatever it weighs."""
        if self.weights is None:
            return self._pairs(plain)
        found: Counter[str] = Counter()
        for content, number in self._pairs(plain):
            found[content] += number
        return iter(found.items())

    def _pairs(self, plain: bool) -> Iterator[tuple[str, int]]:
        for contents, weight, number in self.groups:
            yield from zip(contents, repeat(number if plain else number * weight))


def outcome_of(count: Count, groups: Sequence[tuple[str, int]], *, method: str | None = None) -> Outcome:
    """The outcome by the ballot's own rules, its choice for the last place included (or by another method)."""
    by = method or count.method
    shares = by in {"budget", "equal-shares"} and count.budget is not None
    positions = [position for position, _title in count.options]

    def counted_for(seats: int) -> Outcome:
        return tally(
            by, positions, groups, seats, count.lot_order, costs=count.costs if shares else None,
            budget=count.budget if shares else None, withdrawn=count.withdrawn,
        )  # fmt: skip

    outcome = counted_for(count.seats)
    if by == "approval" and count.last_place == "all" and outcome.ties:
        level = outcome.ties[-1].options
        ahead = [option for option in outcome.winners if option not in level]
        wider = counted_for(len(ahead) + len(level))
        return replace(wider, ties=(Tie(1, level, "all win", level),))
    return outcome


def counted(count: Count) -> str:
    """Count, and write the result as canonical JSON (sorted keys, no spaces)."""
    groups = sorted(count.weighed())
    votes = count.votes
    by_weight: Counter[int] = Counter()
    for contents, weight, number in count.groups:
        by_weight[weight] += number * len(contents)
    public = publishes_contents(by_weight.values())  # a hash of very few votes could be guessed
    lines = [f"{content}\t{number}\n" for content, number in groups]
    result: dict[str, Any] = {
        "ballot": count.ballot,
        "method": count.method,
        "rule_version": RULE_VERSION,
        "seats": count.seats,
        "quorum": count.quorum,
        "binding": votes > 0 and votes >= count.quorum,
        "options": [[position, title] for position, title in count.options],
        "withdrawn": sorted(count.withdrawn),
        "costs": {str(position): cost for position, cost in sorted(count.costs.items())},
        "budget": count.budget,
        "last_place": count.last_place,
        "lot_order": list(count.lot_order),
        "roll": count.roll,
        "voted": count.voted,
        "votes": votes,
        "votes_sha": digest("".join(lines)) if public else None,
        "groups": [[content, number] for content, number in groups] if public else None,
        "weights": dict(count.weights) if count.weights is not None else None,
        "by_weight": {str(weight): number for weight, number in sorted(by_weight.items())} if count.weights else None,
        "one_vote_each": outcome_of(count, list(count.weighed(plain=True))).as_plain() if count.weights is not None else None,
        "elsewhere": _elsewhere(count, groups),
        **outcome_of(count, groups).as_plain(),
    }
    return json.dumps(result, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _elsewhere(count: Count, groups: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    """Who would have won by other rules, from the same votes: to be said on the page where it differs."""
    if not count.votes:
        return {}
    other = {"fair": "approval", "budget": "equal-shares", "equal-shares": "budget"}.get(count.method)
    if count.method == "approval" and count.seats > 1:
        other = "fair"
    elif count.method == "equal-shares" and count.budget is None:
        other = "approval"
    if other is not None:
        return {other: sorted(outcome_of(replace(count, last_place="lot"), groups, method=other).winners)}
    left = [position for position, _title in count.options if position not in count.withdrawn]
    return elsewhere(count.method, [position for position, _title in count.options], left, groups)

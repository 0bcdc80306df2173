"""The ways to ask, and how what a voter sent becomes canonical content. Pure.

An editor picks a way in plain words; with the number of places it says by which method is counted. What is sent is read
once, here, and written down canonically: ticks as sorted positions (`1,4`), ranks as positions from the best on (`8,2,11`),
stars as one digit per option (`0503`). The counting reads nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from membership.refusals import N_, Refused

MOST_STARS = 5


class Way(StrEnum):
    """How patrons are asked."""

    TICKS = "ticks"
    FAIR = "fair"
    EQUAL = "equal"
    RANKS = "ranks"
    DAYS = "days"
    FAIR_DAYS = "fair-days"
    STARS = "stars"


_METHODS = {
    Way.TICKS: "approval", Way.FAIR: "fair", Way.EQUAL: "equal-shares", Way.DAYS: "budget",
    Way.FAIR_DAYS: "equal-shares", Way.STARS: "star",
}  # fmt: skip
_ASKED = {
    "approval": "ticks", "fair": "ticks", "irv": "ranks", "stv": "ranks", "budget": "ticks", "equal-shares": "ticks",
    "star": "stars",
}  # fmt: skip


class OverBudget(Refused):
    """Ticks that cost more than there is."""

    field = "choice"
    words = N_("Your ticks come to %(sum)s days, and there are %(budget)s to share. Please untick something.")


class SameRank(Refused):
    """Two options at one place."""

    field = "choice"
    words = N_("You gave the number %(rank)s twice. Please give each number to one topic only.")


class NotARank(Refused):
    """Something that is no place."""

    field = "choice"
    words = N_("Please use the whole numbers from 1 (your favourite) to %(most)s, and leave the others empty.")


class NotStars(Refused):
    """Something that is no number of stars."""

    field = "choice"
    words = N_("Please give each topic between 0 and 5 stars.")


class NothingChosen(Refused):
    """A vote for nothing."""

    field = "choice"
    words = N_("Please choose at least one topic.")


class NotAnOption(Refused):
    """Something that does not stand on this ballot."""

    field = "choice"
    words = N_("Please choose only topics that stand on this ballot.")


Choices = Iterable[str | int] | Mapping[str | int, str | int]
"""Positions ticked, or from the best on; or for each position its number: a rank, or stars."""


@dataclass(frozen=True)
class Question:
    """What the check of a vote needs to know. `costs` by position (None where nothing costs); `withdrawn` are struck out."""

    method: str
    costs: Mapping[int, int | None]
    withdrawn: frozenset[int] = frozenset()
    max_rank: int = 5
    budget: int | None = None


def method_of(way: str, seats: int) -> str:
    """By which method a way is counted."""
    if way == Way.RANKS:
        return "irv" if seats == 1 else "stv"
    return _METHODS[Way(way)]


def way_of(method: str, budget: int | None = None) -> Way:
    """The way that is counted by this method, with days to share or without."""
    if method == "equal-shares":
        return Way.EQUAL if budget is None else Way.FAIR_DAYS
    return Way.RANKS if asked_for(method) == "ranks" else next(way for way, by in _METHODS.items() if by == method)


def asked_for(method: str, budget: int | None = None) -> str:
    """What a method asks of a voter: ticks, ranks or stars; ticks that share a budget are days."""
    return "days" if budget is not None and method in {"budget", "equal-shares"} else _ASKED[method]


def canonical(choices: Choices, question: Question) -> str:
    """What was sent, in the one form that is kept.

    Raises `NothingChosen`, `NotAnOption`, and as the method asks `OverBudget`, `SameRank`, `NotARank`, `NotStars`.
    """
    asked = asked_for(question.method, question.budget)
    if asked == "ranks":
        return ",".join(map(str, _ranking(choices, question)))
    if asked == "stars":
        return _stars(choices, question)
    ticked = sorted({_position(choice, question) for choice in choices})
    if not ticked:
        raise NothingChosen()
    if asked == "days":
        _check_budget(ticked, question)
    return ",".join(map(str, ticked))


_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


def _position(choice: str | int, question: Question) -> int:
    typed = str(choice)
    if not _NUMBER.fullmatch(typed) or int(typed) not in question.costs or int(typed) in question.withdrawn:
        raise NotAnOption()
    return int(typed)


def _check_budget(ticked: list[int], question: Question) -> None:
    total = sum(question.costs[position] or 0 for position in ticked)
    if question.budget is not None and total > question.budget:
        raise OverBudget(sum=total, budget=question.budget)


def _ranking(choices: Choices, question: Question) -> list[int]:
    """Positions from the best on, gaps closed up: 1 and 3 are a first and a second choice."""
    if not isinstance(choices, Mapping):
        choices = {choice: place for place, choice in enumerate(choices, start=1)}
    most = min(question.max_rank, len(question.costs))
    by_rank: dict[int, int] = {}
    for choice, rank in choices.items():
        typed = str(rank).strip()
        if not typed:
            continue
        position = _position(choice, question)
        if not _NUMBER.fullmatch(typed) or int(typed) > most:
            raise NotARank(most=most)
        if int(typed) in by_rank:
            raise SameRank(rank=int(typed))
        by_rank[int(typed)] = position
    if not by_rank:
        raise NothingChosen()
    return [by_rank[rank] for rank in sorted(by_rank)]


def _stars(choices: Choices, question: Question) -> str:
    if not isinstance(choices, Mapping):
        choices = dict.fromkeys(choices, MOST_STARS)
    given = dict.fromkeys(sorted(question.costs), 0)
    for choice, stars in choices.items():
        position, typed = _position(choice, question), str(stars).strip() or "0"
        if typed not in {"0", "1", "2", "3", "4", "5"}:
            raise NotStars()
        given[position] = int(typed)
    if not any(given.values()):
        raise NothingChosen()
    return "".join(map(str, given.values()))


@dataclass(frozen=True)
class Chosen:
    """One line of a vote in words: the option, and its rank or stars (None for a tick)."""

    position: int
    number: int | None


def chosen(content: str, method: str, positions: Iterable[int]) -> list[Chosen]:
    """A content, option by option, as it is shown to its voter: ticks in order, ranks from the best, most stars first.

    `positions` are all of the ballot's.
    """
    asked = asked_for(method)
    if asked == "stars":
        given = [Chosen(position, int(digit)) for position, digit in zip(sorted(positions), content, strict=True)]
        return sorted((one for one in given if one.number), key=lambda one: (-(one.number or 0), one.position))
    parts = [int(part) for part in content.split(",") if part]
    return [Chosen(position, place if asked == "ranks" else None) for place, position in enumerate(parts, start=1)]

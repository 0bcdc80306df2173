"""What every ballot file is read into, and the word for one that cannot be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from membership.ballots.counting.outcome import Figure

MOST_OPTIONS = 10_000
_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)


class BrokenFile(Exception):
    """A ballot file that cannot be read, in words that name the line. `line` counts from one; nought is the whole
    file.
    """

    def __init__(self, line: int, words: str):
        self.line = line
        super().__init__(f"Line {line}: {words}" if line else words)


@dataclass(frozen=True)
class BallotFile:
    """A ballot read from a file. `kind` is "ticks", "ranks" or "stars"; `groups` are canonical contents with their number.

    `options` are names by position, in the ballot's order. What the file does not say is empty: `method`, `seats`,
    `lots` (then ties by lot follow the order of the options), `costs` and `budget`. `notes` say in words how something
    was read.
    `all_at_the_last_place`: whoever is level there wins, too (approval).
    """

    kind: str
    title: str
    options: Mapping[int, str]
    groups: Sequence[tuple[str, int]]
    method: str = ""
    seats: int | None = None
    lots: Sequence[int] = ()
    withdrawn: frozenset[int] = frozenset()
    costs: Mapping[int, Figure] | None = None
    budget: Figure | None = None
    points: bool = False
    all_at_the_last_place: bool = False
    notes: Sequence[str] = field(default=())


def whole(text: str, line: int, what: str, *, least: int = 0) -> int:
    """A whole number of at most fifteen digits. Raises `BrokenFile`."""
    text = text.strip()
    if not _WHOLE.fullmatch(text) or int(text) < least:
        raise BrokenFile(line, f"{what} should be a whole number{' above zero' if least else ''}, not {short(text)}.")
    return int(text)


def short(text: str) -> str:
    """A piece of a file, quoted and cut, for a message."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def ranking(ranks: Iterable[Sequence[int]]) -> str:
    """Ranks as a content: empty ranks close up, a repeat counts at its first mention, at a rank of several a vote
    ends.
    """
    kept: dict[int, None] = {}
    for rank in ranks:
        if len(rank) > 1:
            break
        kept.update(dict.fromkeys(rank))
    return ",".join(map(str, kept))


def ticks(positions: Iterable[int]) -> str:
    """Ticks as a content: sorted, each once."""
    return ",".join(map(str, sorted(set(positions))))


def named_apart(names: Mapping[int, str]) -> dict[int, str]:
    """The same names, those that occur twice with a number behind, so that a name says which option is meant."""
    used: set[str] = set()
    again: Counter[str] = Counter()
    apart = {}
    for position, given in names.items():
        name = given
        while name in used:
            again[given] += 1
            name = f"{given} ({again[given] + 1})"
        used.add(name)
        apart[position] = name
    return apart


def grouped(votes: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Identical contents collapsed with their number."""
    groups: Counter[str] = Counter()
    for content, number in votes:
        groups[content] += number
    return list(groups.items())

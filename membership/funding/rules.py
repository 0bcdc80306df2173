"""Rules of /funding: which four quarters, which size, and what may be shown so that nobody is seen by it. Pure.

A line is shown only if at least five people stand behind it and none of them gave more than half of it. What is not shown
by itself goes into one line with others, until that line keeps the same rule: it could be reckoned as the whole less the
rest, so it must be as safe as they are. Whoever is named with their sum, by their own wish, is left out of the reckoning:
everybody can subtract them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from membership.money import Money

FEWEST = 5
COFFEES = (12, 60, 300)
"""Where one size ends and the next begins, in cups of coffee: one a month, five a month, and twenty-five a month."""
USUAL_LIMIT = 300
"""From so many cups of coffee on givers are named, until staff set a limit."""
KINDS = ("membership", "donation", "gift", "other")


@dataclass(frozen=True)
class Cell:
    """What people of one kind or size gave: `total` of all of them; how many are not named, and what each of those gave."""

    key: str
    total: int
    unnamed: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """What is shown: one cell, or several together, and whole percent of everything."""

    keys: tuple[str, ...]
    total: int
    percent: int = 0


def is_safe(unnamed: Sequence[int]) -> bool:
    """Whether nobody is seen by a sum of what these people gave."""
    return not unnamed or (len(unnamed) >= FEWEST and max(unnamed) * 2 <= sum(unnamed))


def shown(cells: Sequence[Cell]) -> list[Line] | None:
    """The lines that may be shown, in their order, those that hide somebody put together last; None: nothing may be."""
    there = [cell for cell in cells if cell.total > 0]
    hidden = [cell for cell in there if not is_safe(cell.unnamed)]
    open_ones = [cell for cell in there if is_safe(cell.unnamed)]
    by_size = sorted((cell for cell in open_ones if cell.unnamed), key=lambda cell: (sum(cell.unnamed), cell.key))
    while hidden and (len(hidden) < 2 or not is_safe([one for cell in hidden for one in cell.unnamed])):
        if not by_size:
            return None
        hidden.append(by_size.pop(0))
    alone = [Line((cell.key,), cell.total) for cell in there if cell not in hidden]
    order = [cell.key for cell in there]
    together = tuple(sorted((cell.key for cell in hidden), key=order.index))
    lines = alone + ([Line(together, sum(cell.total for cell in hidden))] if hidden else [])
    return _with_percent(lines) if lines else None


def _with_percent(lines: Sequence[Line]) -> list[Line]:
    """Whole percent that come to a hundred: the largest remainders are rounded up."""
    whole = sum(line.total for line in lines)
    parts = [line.total * 100 // whole for line in lines]
    by_rest = sorted(range(len(lines)), key=lambda n: (-(lines[n].total * 100 % whole), n))
    for n in by_rest[: 100 - sum(parts)]:
        parts[n] += 1
    return [Line(line.keys, line.total, part) for line, part in zip(lines, parts, strict=True)]


def size_of(minor: int, coffee: Money) -> str:
    """The size of what somebody gave: `0` for the smallest to `3`."""
    return str(sum(minor >= coffee.minor * cups for cups in COFFEES))


def rounded(minor: int) -> int:
    """A sum to three digits, so that no single gift can be watched arriving in it."""
    step: int = 10 ** max(0, len(str(minor)) - 3)
    return (minor + step // 2) // step * step


def people(number: int) -> int:
    """How many there are, down to tens."""
    return number // 10 * 10


def quarters(at: datetime, zone: str) -> tuple[datetime, datetime]:
    """The last four whole quarters before a moment, as they begin in a time zone: from, and up to (not included), in UTC."""
    local = at.astimezone(ZoneInfo(zone))
    first = (local.month - 1) // 3 * 3 + 1
    until = datetime(local.year, first, 1, tzinfo=ZoneInfo(zone))
    return until.replace(year=until.year - 1).astimezone(UTC), until.astimezone(UTC)

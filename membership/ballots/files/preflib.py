"""PrefLib: orders (.soc .soi .toc .toi) and categories (.cat), with the headers of today and of before 2022.

An order is `number: 3,{1,2},5`: options of one rank stand in braces. In a file of categories the first category is what
was approved, and counts as ticks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from membership.ballots.files.shape import (
    MOST_OPTIONS,
    BallotFile,
    BrokenFile,
    grouped,
    named_apart,
    ranking,
    short,
    ticks,
    whole,
)

_HEADER = re.compile(r"#\s*([A-Z /]+?)\s*([0-9]{0,9})\s*:(.*)", re.ASCII)
_RANK = re.compile(r"\s*(?:\{([^{}]*)\}|([^{},]*))\s*(,|$)")

_Numbered = tuple[int, str]


def read_orders(text: str) -> BallotFile:
    """Read .soc, .soi, .toc or .toi. Raises `BrokenFile`."""
    title, names, rows = _read(text)
    groups = grouped((ranking(ranks), number) for number, ranks in _votes(rows, names))
    notes = ["Options of one rank end a vote there."] if any("{" in row for _line, row in rows) else []
    return BallotFile("ranks", title, named_apart(names), groups, "irv", notes=notes)


def read_categories(text: str) -> BallotFile:
    """Read .cat. Raises `BrokenFile`."""
    title, names, rows = _read(text)
    groups = grouped((ticks(ranks[0] if ranks else ()), number) for number, ranks in _votes(rows, names))
    note = "The first category counts as ticks."
    return BallotFile("ticks", title, named_apart(names), groups, "approval", notes=[note])


def _read(text: str) -> tuple[str, dict[int, str], list[_Numbered]]:
    lines = [(line, row.strip()) for line, row in enumerate(text.splitlines(), 1) if row.strip()]
    if not lines:
        raise BrokenFile(0, "The file is empty.")
    if lines[0][1].startswith("#"):
        return _with_headers(lines)
    return _of_before(lines)


def _with_headers(lines: Sequence[_Numbered]) -> tuple[str, dict[int, str], list[_Numbered]]:
    title, count, names, rows = "", 0, dict[int, str](), []
    for line, row in lines:
        if not row.startswith("#"):
            rows.append((line, row))
        elif found := _HEADER.match(row):
            key, number, value = found[1], found[2], found[3].strip()
            if key == "TITLE":
                title = value
            elif key == "NUMBER ALTERNATIVES":
                count = _number_of_options(value, line)
            elif key == "ALTERNATIVE NAME":
                names[whole(number, line, "An option's number", least=1)] = value
    if not count:
        raise BrokenFile(0, "The file does not say how many options there are (# NUMBER ALTERNATIVES).")
    if set(names) - set(range(1, count + 1)):
        raise BrokenFile(0, f"The file names options beyond the {count} that it says there are.")
    return title, {position: names.get(position) or str(position) for position in range(1, count + 1)}, rows


def _of_before(lines: Sequence[_Numbered]) -> tuple[str, dict[int, str], list[_Numbered]]:
    """First the number of options, then each with its name, then the sums, then the votes."""
    count = _number_of_options(lines[0][1], lines[0][0])
    if len(lines) < count + 2:
        raise BrokenFile(lines[-1][0], f"The file ends before the names of its {count} options and the sums.")
    names = {}
    for line, row in lines[1 : count + 1]:
        number, comma, name = row.partition(",")
        position = whole(number, line, "An option's number", least=1)
        if not comma or position > count or position in names:
            raise BrokenFile(line, f"Here an option of 1 to {count} should stand with its name, not {short(row)}.")
        names[position] = name.strip() or number
    rows = [(line, row.replace(",", ":", 1)) for line, row in lines[count + 2 :]]
    return "", dict(sorted(names.items())), rows


def _number_of_options(text: str, line: int) -> int:
    count = whole(text, line, "The number of options", least=1)
    if count > MOST_OPTIONS:
        raise BrokenFile(line, f"More than {MOST_OPTIONS} options are not counted.")
    return count


def _votes(rows: Sequence[_Numbered], names: dict[int, str]) -> Iterator[tuple[int, list[list[int]]]]:
    for line, row in rows:
        number, colon, order = row.partition(":")
        if not colon:
            raise BrokenFile(line, f"A vote should be `number: order`, not {short(row)}.")
        yield whole(number, line, "A vote's number"), _ranks(order, names, line)


def _ranks(order: str, names: dict[int, str], line: int) -> list[list[int]]:
    ranks: list[list[int]] = []
    place = 0
    while place < len(order):
        found = _RANK.match(order, place)
        if found is None:
            raise BrokenFile(line, f"This order cannot be read: {short(order[place:])}.")
        several = found[1] if found[1] is not None else found[2]
        ranks.append([_option(one, names, line) for one in several.split(",") if one.strip()])
        place = found.end()
    return ranks


def _option(text: str, names: dict[int, str], line: int) -> int:
    position = whole(text, line, "An option", least=1)
    if position not in names:
        raise BrokenFile(line, f"There is no option {position}.")
    return position

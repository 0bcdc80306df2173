"""Our own ballots.csv: a line per counted vote, `code,content`, the content being all that is counted, and perhaps `weight`.

A content is the positions of the options ticked or ranked, `1,4`, or one star digit for each option, `0503`. Columns
headed by a position and a title, `1. The harbour`, name the options; without them options are called by their position.
Lines that begin with # may say the rest, `# method: irv`: ballot, method, seats, budget, lots (`3,1,2`), withdrawn
(`2`) and `cost 1`, `cost 2`, ….
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence

from membership.ballots.counting.methods import METHODS, STARRED
from membership.ballots.files.shape import MOST_OPTIONS, BallotFile, BrokenFile, grouped, named_apart, short, whole

_POSITIONS = re.compile(r"(?:[1-9][0-9]{0,2}(?:,[1-9][0-9]{0,2})*)?", re.ASCII)
_STARS = re.compile(r"[0-5]*", re.ASCII)
_NAMED = re.compile(r"([1-9][0-9]{0,2})\. (.*)", re.ASCII | re.DOTALL)
_SAID = re.compile(
    r"#\s*(ballot|method|seats|budget|level at the last place|lots|withdrawn|cost [1-9][0-9]{0,2})\s*:\s*(.*)", re.ASCII
)

_Row = tuple[int, list[str]]


def read(text: str, method: str = "") -> BallotFile:
    """Read a ballots.csv; `method`, which the file may also say, tells stars from positions. Raises `BrokenFile`."""
    rows, said = _rows(text)
    method = method or said.get("method", (0, ""))[1]
    if method and method not in METHODS:
        raise BrokenFile(said["method"][0], f"There is no method {short(method)}.")
    line, head = rows[0]
    columns = [cell.strip() for cell in head]
    if columns == ["code"]:
        raise BrokenFile(line, "This file has codes alone: so few voted that their votes are not published.")
    if "content" not in columns:
        raise BrokenFile(line, "The first line should name a column content.")
    contents = _contents(rows[1:], columns.index("content"), _STARS if method in STARRED else _POSITIONS)
    weights = _weights(rows[1:], columns)
    names = {int(found[1]): found[2] for cell in columns if (found := _NAMED.fullmatch(cell))}
    options = _named_options(names, contents, method)
    listed = {key: _list(said, key) for key in ("lots", "withdrawn")}
    costs = {
        int(key[5:]): whole(value, at, "A cost", least=1) for key, (at, value) in said.items() if key[:5] == "cost "
    }
    return BallotFile(
        "stars" if method in STARRED else "", said.get("ballot", (0, ""))[1], named_apart(options),
        grouped(zip((content for _line, content in contents), weights, strict=True)), method,
        _number(said, "seats"), listed["lots"],
        frozenset(listed["withdrawn"]), costs or None, _number(said, "budget"),
        all_at_the_last_place=said.get("level at the last place", (0, ""))[1] == "all",
    )  # fmt: skip


def _rows(text: str) -> tuple[list[_Row], dict[str, tuple[int, str]]]:
    """The rows, and what the lines that begin with # say."""
    rows: list[_Row] = []
    said: dict[str, tuple[int, str]] = {}
    reader = csv.reader(text.splitlines())
    try:
        for row in reader:
            if row and row[0].startswith("#"):
                if found := _SAID.fullmatch(",".join(row).strip()):
                    said[found[1]] = (reader.line_num, found[2].strip())
            elif row:
                rows.append((reader.line_num, row))
    except csv.Error as error:
        raise BrokenFile(reader.line_num, f"This line cannot be read ({error}).") from None
    if not rows:
        raise BrokenFile(0, "The file is empty.")
    return rows, said


def _contents(rows: Sequence[_Row], place: int, pattern: re.Pattern[str]) -> list[tuple[int, str]]:
    contents = []
    for line, row in rows:
        if len(row) <= place:
            raise BrokenFile(line, "This line has no content.")
        content = row[place].strip()
        if not pattern.fullmatch(content):
            raise BrokenFile(line, f"This is not what such a vote looks like: {short(content)}.")
        contents.append((line, content))
    return contents


def _weights(rows: Sequence[_Row], columns: Sequence[str]) -> list[int]:
    """How much each vote weighs: one, where the file says nothing."""
    if "weight" not in columns:
        return [1] * len(rows)
    place = columns.index("weight")
    return [whole(row[place] if place < len(row) else "", line, "A weight", least=1) for line, row in rows]


def _named_options(names: dict[int, str], contents: Sequence[tuple[int, str]], method: str) -> Mapping[int, str]:
    """The options that the head names, or as many as the votes speak of. Each vote must fit them."""
    if method in STARRED:
        length = len(names) or (len(contents[0][1]) if contents else 0)
        for line, content in contents:
            if len(content) != length:
                raise BrokenFile(line, f"This vote gives stars to {len(content)} options; there are {length}.")
        return names or {option: str(option) for option in range(1, length + 1)}
    most = 0
    for line, content in contents:
        for option in content.split(",") if content else ():
            most = max(most, int(option))
            if names and int(option) not in names:
                raise BrokenFile(line, f"There is no option {option}.")
    if most > MOST_OPTIONS:
        raise BrokenFile(0, f"More than {MOST_OPTIONS} options are not counted.")
    return names or {option: str(option) for option in range(1, most + 1)}


def _list(said: Mapping[str, tuple[int, str]], key: str) -> list[int]:
    line, value = said.get(key, (0, ""))
    return [whole(one, line, "A position", least=1) for one in value.split(",") if one.strip()]


def _number(said: Mapping[str, tuple[int, str]], key: str) -> int | None:
    return whole(said[key][1], said[key][0], key.capitalize(), least=1) if key in said else None

"""Pabulib (.pb): participatory budgets, in three parts of semicolon-separated lines: META, PROJECTS, VOTES.

`vote_type` approval and choose-1 are ticks. Others have points that only a greedy budget adds up: cumulative and scoring
the `points` beside a vote, ordinal max_length less the place. An ordinal vote can also be counted as a ranking.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from membership.ballots.counting.outcome import Figure
from membership.ballots.files.shape import (
    MOST_OPTIONS,
    BallotFile,
    BrokenFile,
    grouped,
    named_apart,
    short,
    ticks,
    whole,
)

_MONEY = re.compile(r"[0-9]{1,15}(?:[.,][0-9]{1,9})?", re.ASCII)
_PARTS = ("META", "PROJECTS", "VOTES")
TICKED = frozenset({"approval", "choose-1"})
POINTS = frozenset({"cumulative", "scoring", "ordinal"})

_Row = tuple[int, list[str]]


def read(text: str) -> BallotFile:
    """Read a .pb file. Raises `BrokenFile`."""
    parts = _parts(text)
    meta = {row[0].strip(): row[1].strip() if len(row) > 1 else "" for _line, row in parts["META"][1:]}
    kind = meta.get("vote_type", "approval")
    if kind not in TICKED | POINTS:
        raise BrokenFile(0, f"Votes of the type {short(kind)} are not known.")
    rows = list(_records(parts["PROJECTS"], "project_id", "cost"))
    if len(rows) > MOST_OPTIONS:
        raise BrokenFile(0, f"More than {MOST_OPTIONS} projects are not counted.")
    places = {row["project_id"]: place for place, (_line, row) in enumerate(rows, 1)}
    if len(places) < len(rows) or not rows:
        raise BrokenFile(
            parts["PROJECTS"][0][0], "Each project needs an id of its own, and there should be one at least."
        )
    costs: dict[int, Figure] = {place: _money(row["cost"], line, "A cost") for place, (line, row) in enumerate(rows, 1)}
    budget = _money(meta.get("budget", ""), parts["META"][0][0], "The budget")
    votes = list(_records(parts["VOTES"], "voter_id", "vote"))
    groups = _ticked(votes, places) if kind in TICKED else _points(votes, places, kind, meta)
    method = "equal-shares" if meta.get("rule", "").startswith("equalshares") else "budget"
    return BallotFile(
        "ticks", meta.get("description", ""), named_apart(dict(enumerate(places, 1))), grouped(groups), method,
        costs=costs, budget=budget, points=kind in POINTS,
        notes=[f"Votes of the type {kind}: their points are added up."] if kind in POINTS else [],
    )  # fmt: skip


def _parts(text: str) -> dict[str, list[_Row]]:
    """The rows of each part, the first being its head."""
    parts: dict[str, list[_Row]] = {}
    name = ""
    reader = csv.reader(text.splitlines(), delimiter=";")
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if row[0].strip() in _PARTS and not any(cell.strip() for cell in row[1:]):
                name = row[0].strip()
                parts[name] = []
            elif name:
                parts[name].append((reader.line_num, row))
            else:
                raise BrokenFile(reader.line_num, f"The file should begin with META, not {short(row[0])}.")
    except csv.Error as error:
        raise BrokenFile(reader.line_num, f"This line cannot be read ({error}).") from None
    for name in _PARTS:
        if not parts.get(name):
            raise BrokenFile(0, f"The part {name} is missing or has no head.")
    return parts


def _records(rows: Sequence[_Row], *needed: str) -> Iterator[tuple[int, dict[str, str]]]:
    line, head = rows[0]
    columns = [cell.strip() for cell in head]
    for name in needed:
        if name not in columns:
            raise BrokenFile(line, f"The column {name} is missing.")
    for line, row in rows[1:]:
        record = dict(zip(columns, (cell.strip() for cell in row), strict=False))
        if any(name not in record for name in needed):
            raise BrokenFile(line, f"This line has {len(row)} cells and needs {len(columns)}.")
        yield line, record


def _money(text: str, line: int, what: str) -> Figure:
    if not _MONEY.fullmatch(text) or not (amount := Fraction(text.replace(",", "."))):
        raise BrokenFile(line, f"{what} should be an amount above zero, not {short(text)}.")
    return int(amount) if amount.denominator == 1 else amount


def _named(record: Mapping[str, str], places: Mapping[str, int], line: int) -> list[int]:
    named = []
    for name in record["vote"].split(","):
        if name.strip() and name.strip() not in places:
            raise BrokenFile(line, f"There is no project {short(name)}.")
        if name.strip():
            named.append(places[name.strip()])
    return named


def _ticked(votes: Sequence[tuple[int, dict[str, str]]], places: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for line, record in votes:
        yield ticks(_named(record, places, line)), 1


def _points(
    votes: Sequence[tuple[int, dict[str, str]]], places: Mapping[str, int], kind: str, meta: Mapping[str, str]
) -> Iterator[tuple[str, int]]:
    """Points for an option are as many ticks for it: a greedy budget only adds up."""
    for line, record in votes:
        named = _named(record, places, line)
        if kind == "ordinal":
            most = whole(meta.get("max_length", str(len(places))), 0, "max_length")
            given = [max(0, most - place) for place in range(len(named))]
        else:
            given = [whole(one, line, "Points") for one in record.get("points", "").split(",") if one.strip()]
        if len(given) != len(named):
            raise BrokenFile(line, f"{len(named)} projects and {len(given)} points do not fit.")
        yield from ((str(option), points) for option, points in zip(named, given, strict=True))

"""The frame that all newer reports stand in: what may be asked of one, and of what parts an answer is made.

A report is a function from what was asked to its parts; page, files and command line print the parts, so that their
figures are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from membership.money import Money
from membership.reports.charts import Column as Bar
from membership.reports.charts import Row, Square
from membership.reports.rolling import Wanted
from membership.reports.tables import amount


@dataclass(frozen=True)
class Link:
    """Words that lead somewhere on the page; in files only the words."""

    words: str
    address: str


Cell = str | int | Money | Fraction | Decimal | date | Link | None
LEAST = 5
"""Figures about fewer people than this are not shown to viewers."""


class _Hidden:
    """A figure that stands for fewer than five people, or that would give one of them away."""

    def __str__(self) -> str:
        return "<5"


HIDDEN = _Hidden()


@dataclass(frozen=True)
class Asked:
    """A report as of `at`: the months `since` to `until` (`2026-11`, both included) by `zone`'s clocks, and of what.

    `own` is the newsroom's currency. `full`: the figures are for somebody who may also see those of few people.
    """

    at: datetime
    zone: str
    own: str
    since: str
    until: str
    currency: str | None = None
    tier: str | None = None
    tier_id: int | None = None
    source: str | None = None
    full: bool = True

    @property
    def wanted(self) -> Wanted:
        """The movements that it is about."""
        return Wanted(self.until, self.currency, self.tier_id, self.source)


@dataclass(frozen=True)
class Heading:
    """A column: `key` is its fixed name in files, `words` for people; `kind` is text, month, day, count, people, reach,
    money, rate or share.

    `people`: the figure counts people, so a row in which it is small is hidden from viewers. `reach` and `share`
    (a rate that everybody may know) tell of no person and are never hidden. `only`: on the `page`, or in a
    `file`, where the other would say the same in another way.
    """

    key: str
    words: str
    kind: str = "count"
    only: str = ""

    @property
    def is_figure(self) -> bool:
        """Whether it stands to the right."""
        return self.kind in ("count", "people", "reach", "money", "rate", "share")

    @property
    def is_hidden(self) -> bool:
        """Whether it goes with the others when a row tells of too few."""
        return self.is_figure and self.kind not in ("reach", "share")


@dataclass(frozen=True)
class Drawing:
    """A chart: its title, what it says in a sentence, and its geometry."""

    id: str
    title: str
    desc: str
    columns: tuple[Bar, ...] = ()
    rows: tuple[Row, ...] = ()
    squares: tuple[Square, ...] = ()
    height: int = 0


@dataclass(frozen=True)
class Part:
    """A table with its heading, how it is computed in plain words, its rows, and the charts that say the same.

    Of many rows the page shows the first ones, `most` of them; files have all.
    """

    name: str
    title: str
    how: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Any, ...], ...]
    drawings: Callable[[], list[Drawing]] = list
    most: int | None = None

    def for_viewers(self) -> Part:
        """Without figures about few people: a row is hidden whose smallest count of people is 1 to 4, and if it is the
        only one, the next smallest too, because a sum would give it away. Charts are left out when a row is hidden."""
        places = [place for place, heading in enumerate(self.headings) if heading.kind == "people"]
        if not places:
            return self
        sizes = [min((abs(row[p]) for p in places if row[p]), default=0) for row in self.rows]
        hidden = {number for number, size in enumerate(sizes) if 0 < size < LEAST}
        if len(hidden) == 1:
            others = [(size, number) for number, size in enumerate(sizes) if size and number not in hidden]
            hidden |= {min(others)[1]} if others else set()
        if not hidden:
            return self
        rows = [self._veiled(row) if number in hidden else row for number, row in enumerate(self.rows)]
        return replace(self, rows=tuple(rows), drawings=list)

    def _veiled(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        pairs = zip(row, self.headings, strict=True)
        return tuple(HIDDEN if heading.is_hidden and cell is not None else cell for cell, heading in pairs)


@dataclass(frozen=True)
class Report:
    """A report by its name: what it is called and about, which filters it takes, and how it is made. `more` is a
    template with what else there is about it."""

    name: str
    title: Callable[[], str]
    about: Callable[[], str]
    make: Callable[[Session, Asked], list[Part]]
    filters: tuple[str, ...] = ("currency", "tier", "source")
    more: str = ""


def parts_of(report: Report, session: Session, asked: Asked) -> list[Part]:
    """The parts as whoever asked may see them."""
    made = report.make(session, asked)
    return made if asked.full else [part.for_viewers() for part in made]


def plain(cell: Any) -> str | int | Decimal:
    """A cell for files: amounts in major units, rates as decimals with six places, nothing as an empty text."""
    if cell is None:
        return ""
    if isinstance(cell, Money):
        return amount(cell)
    if isinstance(cell, Link):
        return cell.words
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Fraction):
        return round(Decimal(cell.numerator) / Decimal(cell.denominator), 6)
    return str(cell) if cell is HIDDEN else cell  # type: ignore[no-any-return]


def file_head(parts: list[Part]) -> tuple[str, ...]:
    """The columns of a file: which part a row belongs to, and all that any part has."""
    every = (heading for part in parts for heading in part.headings)
    return ("part", *dict.fromkeys(heading.key for heading in every if heading.only != "page"))


def file_rows(parts: list[Part], head: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """All parts as one flat table."""
    for part in parts:
        keys = [heading.key for heading in part.headings]
        for row in part.rows:
            values = dict(zip(keys, map(plain, row), strict=True), part=part.name)
            yield tuple(values.get(key, "") for key in head)


def as_json(report: Report, asked: Asked, parts: list[Part]) -> dict[str, Any]:
    """For scripts; amounts and rates are exact decimals as texts."""
    told: dict[str, Any] = {
        "report": report.name, "as_of": asked.at.isoformat(), "time_zone": asked.zone, "from": asked.since,
        "to": asked.until, "currency": asked.currency, "tier": asked.tier, "source": asked.source,
    }  # fmt: skip
    told["parts"] = {part.name: [_named(part, row) for row in part.rows] for part in parts}
    return told


def _named(part: Part, row: tuple[Any, ...]) -> dict[str, Any]:
    pairs = zip(part.headings, row, strict=True)
    kept = ((heading.key, cell) for heading, cell in pairs if heading.only != "page")
    return {key: _told(plain(cell)) if cell is not None else None for key, cell in kept}


def _told(cell: str | int | Decimal) -> str | int:
    return str(cell) if isinstance(cell, Decimal) else cell

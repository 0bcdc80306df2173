"""Address labels: a sheet of A4 as it is sold, one address a label, as large as it fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale

from membership.giving.paper import Paper
from membership.perks.claim_models import PostalAddress
from membership.refusals import N_, Refused

A4 = (210.0, 297.0)
INSIDE = 4.0
"""Millimetres of a label that stay white at each side: printers and scissors are not exact."""
SIZES = (11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
"""Points, the largest that fits is taken; a line that is too long for the last one is broken."""


class NotASheet(Refused):
    """Measures that are none, or that no sheet of A4 has."""

    field = "measures"
    words = N_("These are no measures of labels on a sheet of A4. Please write eight numbers, like 3 8 70 37 0 0.5 0 0.")


@dataclass(frozen=True)
class Sheet:
    """How a sheet of A4 is cut, in millimetres: columns, rows, a label's width and height, what is left free at the left
    and the top, and between the columns and the rows."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    between_columns: float
    between_rows: float

    @property
    def holds(self) -> int:
        """How many labels it has."""
        return self.columns * self.rows

    def corner(self, place: int) -> tuple[float, float]:
        """Where a label begins, counted from 0, along the rows."""
        row, column = divmod(place % self.holds, self.columns)
        return (
            self.left + column * (self.width + self.between_columns), self.top + row * (self.height + self.between_rows)
        )  # fmt: skip


SHEETS = {
    "70x37": Sheet(3, 8, 70, 37, 0, 0.5, 0, 0),
    "63.5x38.1": Sheet(3, 7, 63.5, 38.1, 7.2, 15.15, 2.5, 0),
    "99.1x38.1": Sheet(2, 7, 99.1, 38.1, 4.65, 15.15, 2.5, 0),
    "105x42.3": Sheet(2, 7, 105, 42.3, 0, 0.45, 0, 0),
}
"""Sheets as they are sold, by the size of a label."""


def read_sheet(typed: str) -> Sheet:
    """Measures of one's own: eight numbers in the order of `Sheet`. Raises `NotASheet`."""
    numbers = re.split(r"[\s;]+", typed.strip())
    if len(numbers) != 8 or not all(re.fullmatch(r"\d{1,3}([.,]\d{1,2})?", number, re.ASCII) for number in numbers):
        raise NotASheet()
    columns, rows, *measures = (float(number.replace(",", ".")) for number in numbers)
    if columns != int(columns) or rows != int(rows) or columns < 1 or rows < 1:
        raise NotASheet()
    sheet = Sheet(int(columns), int(rows), *measures)
    right, bottom = sheet.corner(sheet.holds - 1)
    fits = right + sheet.width <= A4[0] + 0.01 and bottom + sheet.height <= A4[1] + 0.01
    if not fits or sheet.width < 25 or sheet.height < 15:
        raise NotASheet()
    return sheet


def lines_of(address: PostalAddress, language: str) -> list[str]:
    """An address as it is written on a parcel."""
    land = Locale.parse(language).territories.get(address.country, address.country)
    town = f"{address.postcode} {address.town}".strip()
    return [line for line in (address.name, address.street, address.extra, town, address.region, land.upper()) if line]


def printed(
    addresses: Sequence[tuple[int, PostalAddress]], sheet: Sheet, *, first: int, language: str, title: str, by_hand: str
) -> bytes:
    """The labels as a PDF: numbers of grants and their addresses, beginning with label `first` (from 1) of the first sheet.

    An address with letters that the font does not have is not printed wrongly: a last page names its number, after the
    words `by_hand`.
    """
    paper = Paper(language=language, title=title)
    paper.set_auto_page_break(False)
    paper.set_margin(0)
    paper.c_margin = 0
    strange, place = [], first - 1
    for grant_id, address in addresses:
        lines = lines_of(address, language)
        if _unknown(paper, "".join(lines)):
            strange.append(grant_id)
            continue
        if place and place % sheet.holds == 0:
            paper.add_page()
        _label(paper, sheet, *sheet.corner(place), lines)
        place += 1
    if strange:
        _by_hand(paper, strange, by_hand, blank=place == first - 1)
    return paper.made()


def _label(paper: Paper, sheet: Sheet, left: float, top: float, lines: list[str]) -> None:
    wide, high = sheet.width - 2 * INSIDE, sheet.height - 2 * INSIDE
    for size in SIZES:
        paper.set_font("house", "", size)
        step = size * 0.42
        shown = [part for line in lines for part in _broken(paper, line, wide)]
        if len(shown) * step <= high and (size == SIZES[-1] or len(shown) == len(lines)):
            break
    shown = shown[: max(1, int(high / step))]
    start = top + INSIDE + (high - len(shown) * step) / 2
    for number, line in enumerate(shown):
        paper.set_xy(left + INSIDE, start + number * step)
        paper.cell(wide, step, line)


def _broken(paper: Paper, line: str, wide: float) -> list[str]:
    """A line in as many parts as it needs, broken between words where it can be."""
    parts, now = [], ""
    for word in line.split():
        while paper.get_string_width(word) > wide:
            fits = next(n for n in range(len(word), 0, -1) if n == 1 or paper.get_string_width(word[:n]) <= wide)
            parts += [now, word[:fits]] if now else [word[:fits]]
            now, word = "", word[fits:]
        if now and paper.get_string_width(f"{now} {word}") > wide:
            parts.append(now)
            now = word
        else:
            now = f"{now} {word}".strip()
    return [*parts, now] if now else parts


def _unknown(paper: Paper, text: str) -> bool:
    paper.set_font("house", "", SIZES[0])
    known = paper.current_font.cmap  # type: ignore[union-attr]
    return any(ord(letter) not in known for letter in text if not letter.isspace())


def _by_hand(paper: Paper, grants: Sequence[int], words: str, *, blank: bool) -> None:
    if not blank:
        paper.add_page()
    paper.set_font("house", "", 11)
    paper.set_xy(22, 22)
    paper.multi_cell(166, 6, f"{words} {', '.join(str(one) for one in grants)}")

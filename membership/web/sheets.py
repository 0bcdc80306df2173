"""CSV for spreadsheets: texts that would be run as formulas are guarded (OWASP, CSV injection)."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def guarded(cell: str) -> str:
    """A text for a spreadsheet: one that would be run as a formula gets an apostrophe before it."""
    return "'" + cell if cell.startswith(FORMULA_STARTS) else cell


def as_csv(rows: Iterable[tuple[object, ...]], head: tuple[str, ...]) -> Iterator[str]:
    """Lines of CSV (RFC 4180), one at a time. Numbers are not texts and stay as they are."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in itertools.chain([head], rows):
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()

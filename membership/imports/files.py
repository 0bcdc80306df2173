"""From a file's bytes to its records: encodings, separators, quoted line breaks, and records that are broken.

A record that cannot be read never swallows those after it: a quotation mark that is never closed costs its own line.
Nothing is held in memory but the record in hand.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from membership.refusals import N_, Refused

BLOCK = 1 << 16
LONGEST_LINE = 100_000
"""Characters; what is longer is no line of a members' list."""
MOST_LINES = 60
"""So many lines may one record have: notes and addresses have a few. A quotation mark open longer was meant otherwise."""
SEPARATORS = (",", ";", "\t", "|")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class NotAFile(Refused):
    """Nothing in it, or nothing that has columns."""

    field = "file"
    words = N_("This is no table. Please hand in the CSV file as the other system gave it out, with its line of headings.")


@dataclass(frozen=True)
class Record:
    """A record: its number (the first after the headings is 1), the line of the file on which it begins, and its cells.

    `broken`: a quotation mark was opened and never closed, or a line is endless; the cells are as far as they went.
    """

    number: int
    line: int
    cells: list[str]
    broken: bool = False


def digest_of(file: BinaryIO) -> str:
    """SHA-256 of the whole file, hex; the file is at its beginning again afterwards."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def opened(file: BinaryIO) -> io.TextIOWrapper:
    """The file as text: by its byte order mark, else UTF-8 if all of it is that, else Windows-1252, which has every byte."""
    file.seek(0)
    head = file.read(4)
    encoding = next((name for mark, name in BOMS if head.startswith(mark)), None)
    if encoding is None:
        encoding = "utf-8" if _is_utf8(file) else "cp1252"
    file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding, errors="replace", newline=None)


def _is_utf8(file: BinaryIO) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def read(text: TextIO) -> tuple[list[str], Iterator[Record]]:
    """The headings, and the records after them. Raises `NotAFile`."""
    lines = _Lines(text)
    first = lines.take()
    while first is not None and not first.strip():
        first = lines.take()
    if first is None:
        raise NotAFile()
    separator = None
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # a line that Excel writes and reads
        separator, first = first.strip()[4], lines.take() or ""
    separator = separator or max(SEPARATORS, key=lambda one: _outside_quotes(first).count(one))
    lines.give_back([first])
    headings = next(_records(lines, separator), None)
    if headings is None or headings.broken or sum(bool(cell.strip()) for cell in headings.cells) < 2:
        raise NotAFile()
    return [cell.strip() for cell in headings.cells], _numbered(_records(lines, separator))


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _numbered(records: Iterator[Record]) -> Iterator[Record]:
    number = 0
    for record in records:
        if record.broken or any(cell.strip() for cell in record.cells):
            number += 1
            yield Record(number, record.line, record.cells, record.broken)


class _Lines:
    """Lines that can be given back; `taken` are those that the record in hand has had."""

    def __init__(self, text: TextIO) -> None:
        self._text, self._back = text, list[str]()
        self.number = 0
        self.taken: list[str] = []

    def take(self) -> str | None:
        line = self._back.pop() if self._back else self._text.readline(LONGEST_LINE)
        if not line:
            return None
        self.number += 1
        return line.replace("\0", "")

    def give_back(self, lines: list[str]) -> None:
        self._back += reversed(lines)
        self.number -= len(lines)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.take() if len(self.taken) < MOST_LINES else None
        if line is None:
            raise StopIteration
        self.taken.append(line)
        return line


def _records(lines: _Lines, separator: str) -> Iterator[Record]:
    while True:
        reader = csv.reader(lines, delimiter=separator)
        for cells in _each(reader, lines):
            begins, had = lines.number - len(lines.taken) + 1, lines.taken
            lines.taken = []
            if cells is None or (len(had) > 1 and _never_closed(had, separator)) or _endless(had):
                lines.give_back(had[1:])
                yield Record(0, begins, _roughly(had[0], separator), broken=True)
                break  # a new reader: this one still thinks of the quotation mark
            yield Record(0, begins, cells)
        else:
            return


def _each(reader: Iterator[list[str]], lines: _Lines) -> Iterator[list[str] | None]:
    """What the reader makes of the lines; None where it gives up."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            if lines.taken:
                yield None
            return
        except csv.Error:
            yield None


def _never_closed(had: list[str], separator: str) -> bool:
    """Whether the last quotation mark of these lines is still open at their end."""
    try:
        list(csv.reader(had, delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _endless(had: list[str]) -> bool:
    return any(len(line) >= LONGEST_LINE for line in had)


def _roughly(line: str, separator: str) -> list[str]:
    """The cells of a broken line, for showing it."""
    return [cell.strip().strip('"')[:200] for cell in line.rstrip("\n").split(separator)][:100]

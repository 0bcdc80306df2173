"""Workbooks for spreadsheets (Office Open XML), written row by row: what has been sent is not kept.

Texts are written as texts, which no spreadsheet runs; they are guarded all the same, for whoever saves them as CSV later.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from xml.sax.saxutils import escape

from membership.web.sheets import guarded

MOST_ROWS = 1_048_576
"""So many rows a sheet holds; what is more goes on the next one."""
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 64 * 1024
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class _Sink(io.RawIOBase):
    """Takes what the archive writes until it is taken away; it cannot be sought in, so the archive never goes back."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.held += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]

    def take(self) -> bytes:
        data = bytes(self.held)
        self.held.clear()
        return data


def as_xlsx(rows: Iterable[tuple[object, ...]], head: tuple[str, ...], *, most: int = MOST_ROWS) -> Iterator[bytes]:
    """A workbook in pieces. Whole numbers and decimals stay numbers; each sheet begins with the head."""
    sink, waiting = _Sink(), iter(rows)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        sheets, row = 0, next(waiting, None)
        while sheets == 0 or row is not None:
            sheets += 1
            with archive.open(_entry(f"xl/worksheets/sheet{sheets}.xml"), "w", force_zip64=True) as sheet:
                sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
                sheet.write(_row(head))
                written = 1
                while row is not None and written < most:
                    sheet.write(_row(row))
                    written, row = written + 1, next(waiting, None)
                    if len(sink.held) > CHUNK:
                        yield sink.take()
                sheet.write(b"</sheetData></worksheet>")
        for name, text in _parts(sheets):
            archive.writestr(_entry(name), _HEAD + text)
    yield sink.take()


def _entry(name: str) -> zipfile.ZipInfo:
    """A part of the archive without a moment of its own: the same rows make the same file."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _row(cells: tuple[object, ...]) -> bytes:
    return f"<row>{''.join(map(_cell, cells))}</row>".encode()


def _cell(cell: object) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        return f"<c><v>{cell}</v></c>"
    text = "".join(c for c in guarded(str(cell)) if c.isprintable() or c in "\n\t")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _parts(sheets: int) -> Iterator[tuple[str, str]]:
    numbers = range(1, sheets + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>' for n in numbers
    )
    yield (
        "[Content_Types].xml",
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f"{overrides}</Types>",
    )
    yield (
        "_rels/.rels",
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
    )
    named = "".join(f'<sheet name="Sheet {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    yield "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{named}</sheets></workbook>'
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    yield "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>'

"""Receipts and statements as PDF: made of the same words as the page, with fonts that know Latin, Greek and Cyrillic."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from fpdf import FPDF

MARGIN = 22
GREY = 110


class Paper(FPDF):
    """An A4 page with the house's font."""

    def __init__(self, *, language: str, title: str) -> None:
        super().__init__(format="A4")
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, MARGIN)
        for style, file in (("", "SourceSerifPro-Regular"), ("B", "SourceSerifPro-Bold")):
            self.add_font("house", style, _fonts() / f"{file}.ttf")
        self.set_lang(language.replace("_", "-"))
        self.set_title(title)
        self.set_creator("membership")
        self.add_page()

    def say(
        self, text: str, *, size: float = 11, bold: bool = False, grey: bool = False, align: str = "JUSTIFY"
    ) -> None:
        """A paragraph; line breaks stay."""
        self.set_font("house", "B" if bold else "", size)
        self.set_text_color(GREY if grey else 0)
        self.multi_cell(0, size / 2, text, align=align, new_x="LMARGIN", new_y="NEXT")
        self.ln(size / 5)

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values beside each other."""
        self.set_font("house", "", 11)
        self.set_text_color(0)
        with self.table(
            borders_layout="NONE", col_widths=(30, 70), first_row_as_headings=False, line_height=13 / 2
        ) as table:
            for name, value in rows:
                row = table.row()
                row.cell(name)
                row.cell(value)
        self.ln(4)

    def rows(self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """A table; the last column is numbers."""
        self.set_font("house", "", 10)
        self.set_text_color(0)
        align = ["LEFT"] * (len(head) - 1) + ["RIGHT"]
        with self.table(
            borders_layout="HORIZONTAL_LINES", col_widths=tuple(widths), text_align=tuple(align), line_height=6
        ) as table:
            for cells in [head, *rows]:
                row = table.row()
                for cell in cells:
                    row.cell(cell)
        self.ln(4)

    def normalize_text(self, text: str) -> str:
        """The font has no narrow space, which Ukrainian and French write before `р.` and `€`."""
        return str(super().normalize_text(text.replace("\u202f", "\u00a0")))

    def made(self) -> bytes:
        """The file."""
        return bytes(self.output())


def _fonts() -> Path:
    found = find_spec("font_source_serif_pro")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "files"

"""What goes back to staff: the words for reasons, and the file of rows that stay behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from flask_babel import gettext

from membership.imports.models import ImportRow
from membership.imports.rules import REASONS
from membership.web.sheets import as_csv


class _Shown(dict[str, str]):
    """Values for a reason's words; where they are told in general, three dots stand for what differs from row to row."""

    def __missing__(self, name: str) -> str:
        return "…"


def reason_words(reason: str | None, values: Mapping[str, str] | None) -> str:
    """Why a row has its verdict, in the reader's language."""
    return gettext(REASONS[reason]) % _Shown(values or {}) if reason else ""


def as_refused_csv(headings: Sequence[str], rows: Iterable[ImportRow]) -> Iterator[str]:
    """Lines of CSV, one at a time: line, verdict and reason, and the file's own columns, so that it can be put right and
    handed in again. Cells are guarded against being run as formulas."""
    verdicts = {"refused": gettext("refused"), "doubt": gettext("in doubt")}
    told = (
        (row.line, verdicts[row.verdict or "refused"], reason_words(row.reason, row.detail), *(row.cells or []))
        for row in rows
    )
    return as_csv(told, (gettext("Line"), gettext("Verdict"), gettext("Reason"), *headings))

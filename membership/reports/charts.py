"""Where the bars of a picture stand. Widths are percentages and heights pixels, so that words keep their size on any screen.

Geometry only: no figure is ever read back from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PLOT = 160
"""The height of the tallest column, in pixels."""
ROW = 46
"""The height of a row with its words above its bar, in pixels."""
WIDEST = 74
"""The longest bar, in percent: beside it its value has room on a small screen."""
LABEL = 42
"""So many letters of a title fit above a bar at 320 pixels."""


@dataclass(frozen=True)
class Column:
    """A standing bar. `x`, `width` and `middle` are percentages; `y` and `height` pixels below the plot's upper edge."""

    label: str
    words: str
    x: str
    width: str
    middle: str
    y: int
    height: int


@dataclass(frozen=True)
class Row:
    """A lying bar with its label above it and its value beside it. `y` in pixels, `width` and `after` percentages."""

    label: str
    words: str
    y: int
    width: str
    after: str
    second: bool


def columns(points: Sequence[tuple[str, int, str]]) -> list[Column]:
    """Columns from (label, value, the value in words), side by side; values are 0 or more."""
    tallest = max((value for _, value, _ in points), default=0) or 1
    step = 100 / max(len(points), 1)
    made = []
    for place, (label, value, words) in enumerate(points):
        height = max(value * PLOT // tallest, 2 if value > 0 else 0)
        left, width = place * step + step * 0.14, step * 0.72
        made.append(
            Column(label, words, _percent(left), _percent(width), _percent((place + 0.5) * step), PLOT - height, height)
        )
    return made


def rows(points: Sequence[tuple[str, int, str, bool]]) -> list[Row]:
    """Rows from (label, value, the value in words, whether in the second colour), one under the other."""
    longest = max((value for _, value, _, _ in points), default=0) or 1
    made = []
    for place, (label, value, words, second) in enumerate(points):
        width = max(value * WIDEST / longest, 0.6 if value > 0 else 0)
        made.append(Row(shortened(label), words, place * ROW, _percent(width), _percent(width + 1.5), second))
    return made


def shortened(label: str) -> str:
    """A label that fits; the whole of it stands in the table beside the picture."""
    return label if len(label) <= LABEL else label[: LABEL - 1].rstrip() + "…"


def _percent(value: float) -> str:
    return f"{value:.2f}%"

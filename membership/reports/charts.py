"""Where the bars of a picture stand. Widths are percentages and heights pixels, so that words keep their size on any screen.

Geometry only: no figure is ever read back from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    """A standing bar. `x`, `width` and `middle` are percentages; `y` and `height` pixels below the plot's upper edge.
    From `high` to `low`: the range in which its end may lie, where there is one."""

    label: str
    words: str
    x: str
    width: str
    middle: str
    y: int
    height: int
    high: int | None = None
    low: int = 0


@dataclass(frozen=True)
class Row:
    """A lying bar with its label above it and its value beside it. `y` in pixels, `x`, `width` and `after` percentages; from
    `low` to `high`: the range in which its end may lie, where there is one."""

    label: str
    words: str
    y: int
    width: str
    after: str
    second: bool
    x: str = "0"
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Square:
    """A field of a heat map: `shade` from 0 (nothing) to 10 (all), `text` a label at the edge instead of a field."""

    x: str
    y: int
    width: str
    shade: int | None
    text: str = ""


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


def ranged_columns(points: Sequence[tuple[str, tuple[int, int, int], str]]) -> list[Column]:
    """Columns from (label, (low, value, high), the value in words); the highest end of a range fills the plot."""
    most = max((high for _, (_, _, high), _ in points), default=0) or 1
    made = []
    for column, (_, (low, value, high), _) in zip(columns([(a, b[1], c) for a, b, c in points]), points, strict=True):
        height, top, bottom = (max(one, 0) * PLOT // most for one in (value, high, low))
        made.append(replace(column, y=PLOT - height, height=height, high=PLOT - top, low=PLOT - bottom))
    return made


def ranged_rows(points: Sequence[tuple[str, tuple[int, int, int], str]]) -> list[Row]:
    """Rows from (label, (low, value, high), the value in words); the furthest end of a range is the longest."""
    most = max((high for _, (_, _, high), _ in points), default=0) or 1
    made = []
    for place, (label, spans, words) in enumerate(points):
        low, width, high = (max(one, 0) * WIDEST / most for one in spans)
        made.append(
            Row(shortened(label), words, place * ROW, _percent(width), _percent(high + 1.5), False, "0", _percent(low),
                _percent(high))
        )  # fmt: skip
    return made


def waterfall(points: Sequence[tuple[str, int, str]]) -> list[Row]:
    """Rows that begin where the one before ended, from (label, change, words); the first and the last are sums and begin at
    nought. What is taken away is in the second colour."""
    level, spans = 0, []
    for place, (label, value, words) in enumerate(points):
        sums = place in (0, len(points) - 1)
        begin, end = (0, value) if sums else (level, level + value)
        level = end
        spans.append((label, min(begin, end), max(begin, end), words, value < 0))
    most = max((high for _, _, high, _, _ in spans), default=0) or 1
    made = []
    for place, (label, low, high, words, less) in enumerate(spans):
        x, width = max(low, 0) * WIDEST / most, (high - max(low, 0)) * WIDEST / most
        width = max(width, 0.6 if high > low else 0)
        made.append(
            Row(shortened(label), words, place * ROW, _percent(width), _percent(x + width + 1.5), less, _percent(x))
        )
    return made


FIELD = 28
"""The height of a row of a heat map, in pixels."""
EDGE = 24
"""The width of its labels, in percent."""


def heat(lines: Sequence[tuple[str, Sequence[int | None]]]) -> list[Square]:
    """A heat map from (label, shades 0 to 10; None: no field), a line under the other."""
    wide = max((len(shades) for _, shades in lines), default=0) or 1
    step = (100 - EDGE) / wide
    made = []
    for place, (label, shades) in enumerate(lines):
        made.append(Square("0", place * FIELD + 18, "0", None, label))
        for column, shade in enumerate(shades):
            if shade is not None:
                made.append(Square(_percent(EDGE + column * step), place * FIELD, _percent(step * 0.94), shade))
    return made


def shortened(label: str) -> str:
    """A label that fits; the whole of it stands in the table beside the picture."""
    return label if len(label) <= LABEL else label[: LABEL - 1].rstrip() + "…"


def _percent(value: float) -> str:
    return f"{value:.2f}%"

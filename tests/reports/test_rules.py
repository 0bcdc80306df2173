"""Months, twelfths and cells, as tables of cases."""

from datetime import UTC, datetime

import pytest

from membership.reports import rules
from membership.reports.charts import columns, rows, shortened
from membership.web.sheets import guarded

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("yearly", "twelfth"),
    [(0, 0), (12, 1), (6000, 500), (5000, 417), (5, 0), (6, 1), (-6, -1), (-5, 0), (-5000, -417), (19400, 1617)],
)
def test_a_twelfth_is_rounded_once_to_the_nearest_cent(yearly, twelfth):
    assert rules.monthly(yearly) == twelfth


@pytest.mark.parametrize(
    ("at", "zone", "back", "start"),
    [
        (AT, "UTC", 0, datetime(2026, 11, 1, tzinfo=UTC)),
        (AT, "Europe/Vienna", 0, datetime(2026, 10, 31, 23, tzinfo=UTC)),
        (AT, "Europe/Vienna", 1, datetime(2026, 9, 30, 22, tzinfo=UTC)),
        (AT, "America/New_York", 0, datetime(2026, 11, 1, 4, tzinfo=UTC)),
        (datetime(2026, 10, 31, 23, 30, tzinfo=UTC), "Europe/Vienna", 0, datetime(2026, 10, 31, 23, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), "UTC", 1, datetime(2025, 12, 1, tzinfo=UTC)),
        (AT, "UTC", 11, datetime(2025, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_month_begins_at_the_newsrooms_midnight(at, zone, back, start):
    assert rules.month_start(at, zone, back=back) == start


def test_twelve_months_end_where_the_next_begins_and_the_last_is_now():
    ends = rules.month_ends(AT, "Europe/Vienna")
    assert [name for name, _ in ends] == [
        "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09",
        "2026-10", "2026-11",
    ]  # fmt: skip
    assert ends[0][1] == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert ends[-2][1] == rules.month_start(AT, "Europe/Vienna")
    assert ends[-1][1] == AT


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1"),
        ("plain", "plain"), ("a=b", "a=b"), ("", ""),
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_written_as_text(cell, written):
    assert guarded(cell) == written


def test_columns_stand_side_by_side_and_the_tallest_fills_the_plot():
    made = columns([("a", 0, "0"), ("b", 50, "50"), ("c", 100, "100"), ("d", 1, "1")])
    assert [(column.y, column.height) for column in made] == [(160, 0), (80, 80), (0, 160), (158, 2)]
    assert [column.middle for column in made] == ["12.50%", "37.50%", "62.50%", "87.50%"]


def test_a_picture_of_nothing_divides_by_nothing():
    assert columns([]) == [] and rows([]) == []
    assert [row.width for row in rows([("none", 0, "0", False)])] == ["0.00%"]


def test_a_long_title_is_shortened_above_its_bar():
    assert shortened("x" * 42) == "x" * 42
    assert len(shortened("word " * 20)) <= 42 and shortened("word " * 20).endswith("…")

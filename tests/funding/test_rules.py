"""What /funding may show: nobody is seen by a line, nor by what is left when the others are taken off."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.funding import rules
from membership.funding.rules import Cell, Line
from membership.money import Money

sums = st.lists(st.integers(1, 100_000), max_size=12)
cells = st.lists(st.tuples(sums, st.integers(0, 100_000)), max_size=5).map(
    lambda drawn: [Cell(str(n), sum(unnamed) + named, tuple(unnamed)) for n, (unnamed, named) in enumerate(drawn)]
)


@given(cells)
def test_no_line_shows_somebody_and_none_can_be_reckoned_from_the_rest(drawn):
    lines = rules.shown(drawn)
    by_key = {cell.key: cell for cell in drawn}
    if lines is None:
        return
    for line in lines:
        behind = [one for key in line.keys for one in by_key[key].unnamed]
        assert not behind or (len(behind) >= rules.FEWEST and max(behind) * 2 <= sum(behind))
        assert line.total == sum(by_key[key].total for key in line.keys)
    # nothing is left out: whole less all lines but one is that one, which is safe
    assert sorted(key for line in lines for key in line.keys) == sorted(cell.key for cell in drawn if cell.total)
    assert sum(line.percent for line in lines) == 100
    hidden = [cell for cell in drawn if cell.total and not rules.is_safe(cell.unnamed)]
    assert all(len(line.keys) >= 2 for line in lines for cell in hidden if cell.key in line.keys)


@given(cells)
def test_where_the_whole_is_safe_it_is_told_one_way_or_another(drawn):
    everybody = [one for cell in drawn for one in cell.unnamed]
    several = sum(bool(cell.total) for cell in drawn) > 1
    if everybody and several and rules.is_safe(everybody) and all(cell.unnamed or not cell.total for cell in drawn):
        assert rules.shown(drawn) is not None


def test_a_small_cell_takes_the_smallest_other_along():
    drawn = [Cell("a", 6_000, (1_000,) * 6), Cell("b", 700, (100,) * 7), Cell("c", 200, (100, 100))]
    assert rules.shown(drawn) == [Line(("a",), 6_000, 87), Line(("b", "c"), 900, 13)]


def test_one_who_gave_more_than_half_is_not_seen():
    drawn = [Cell("a", 5_000, (1_000,) * 5), Cell("b", 2_400, (2_000, 100, 100, 100, 100))]
    assert rules.shown(drawn) == [Line(("a", "b"), 7_400, 100)]


def test_named_givers_hide_nobody_and_are_not_hidden():
    assert rules.shown([Cell("a", 5_000, (1_000,) * 5), Cell("b", 9_000, ())]) == [
        Line(("a",), 5_000, 36), Line(("b",), 9_000, 64)
    ]  # fmt: skip
    assert rules.shown([Cell("a", 9_400, (100,) * 4)]) is None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 25, tzinfo=UTC), (datetime(2025, 9, 30, 23, tzinfo=UTC), datetime(2026, 9, 30, 23, tzinfo=UTC))),
        (datetime(2026, 1, 1, tzinfo=UTC), (datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))),
    ],
)
def test_four_whole_quarters_by_the_newsrooms_calendar(at, expected):
    assert rules.quarters(at, "Europe/Dublin") == expected


def test_sizes_sums_and_people_are_coarse():
    coffee = Money(300, "EUR")
    assert [rules.size_of(minor, coffee) for minor in (3_599, 3_600, 18_000, 89_999, 90_000)] == ["0", "1", "2", "2", "3"]
    assert [rules.rounded(minor) for minor in (7, 1_234, 123_456, 999_500)] == [7, 1_230, 123_000, 1_000_000]
    assert (rules.people(9), rules.people(129)) == (0, 120)

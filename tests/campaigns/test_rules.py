"""When a campaign runs, what a sponsor adds, which milestones are reached."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.campaigns import rules
from membership.campaigns.rules import Phase

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("published", "opens", "closes", "closed", "expected"),
    [
        (None, -1, 1, None, Phase.DRAFT),
        (-2, 1, 2, None, Phase.COMING),
        (-2, 0, 1, None, Phase.RUNNING),
        (-2, -1, 0, None, Phase.CLOSED),  # its last moment is not in it, whether or not the worker came by
        (-2, -1, 1, -1, Phase.CLOSED),
        (-2, 1, 2, 0, Phase.CLOSED),
    ],
)
def test_the_dates_decide_where_it_stands(published, opens, closes, closed, expected):
    def moment(days):
        return None if days is None else NOON + days * DAY

    assert rules.phase(
        published_at=moment(published), opens_at=moment(opens), closes_at=moment(closes), closed_at=moment(closed), at=NOON
    ) is expected  # fmt: skip


payments = st.lists(
    st.tuples(st.integers(1, 10**9), st.integers(0, 10**9), st.booleans()), max_size=30
)  # amount, refunded, disputed


@given(payments, st.integers(1, 10**10), st.randoms())
def test_a_match_is_what_was_kept_up_to_the_cap_in_whatever_order(gifts, cap, chance):
    kept = [rules.kept(amount, refunded=back, disputed=taken) for amount, back, taken in gifts]
    total = rules.matched(sum(kept), cap)
    assert 0 <= total <= cap and total <= sum(kept)
    assert total == cap or total == sum(kept)
    # told gift by gift, each is doubled by what is left of the promise, and it comes to the same in any order
    chance.shuffle(kept)
    left = cap
    for one in kept:
        left -= min(one, left)
    assert cap - left == total


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(1, 10**9))
def test_what_goes_back_takes_its_match_along_and_brings_it_again(amount, others, cap):
    before = rules.matched(others, cap)
    assert before <= rules.matched(others + amount, cap) <= before + amount
    back = rules.kept(amount, refunded=amount, disputed=False)
    assert rules.matched(others + back, cap) == before
    assert rules.matched(others + rules.kept(amount, refunded=0, disputed=True), cap) == before


def test_a_match_is_exact_at_the_cap():
    assert [rules.matched(given, 1000) for given in (999, 1000, 1001)] == [999, 1000, 1000]


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_it_says_a_hundred_percent_when_the_goal_is_reached_and_not_before(reached, goal):
    assert (rules.percent(reached, goal) >= 100) == (reached >= goal)
    passed = rules.passed((25, 50, 100), reached, goal)
    assert (100 in passed) == (reached >= goal)
    assert all(rules.percent(reached, goal) >= one for one in passed)


def test_of_several_milestones_at_once_the_highest_is_told():
    assert rules.letter_for([25, 50]) == 50 and rules.letter_for([]) is None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("25, 50, 75, 100", (25, 50, 75, 100)), ("100% 50 %;50", (50, 100)), ("", ()), ("150", (150,))],
)
def test_milestones_are_read_as_people_write_them(typed, expected):
    assert rules.read_milestones(typed) == expected


@pytest.mark.parametrize("typed", ["0", "501", "half", "-5", "1.5", "٣", " ".join(str(n) for n in range(1, 12))])
def test_what_is_no_milestone_is_refused(typed):
    with pytest.raises(rules.NotMilestones):
        rules.read_milestones(typed)


@pytest.mark.parametrize("typed", ["0", "-1", "many", "1e3", "99999999", ""])
def test_what_is_no_number_of_people_is_refused(typed):
    with pytest.raises(rules.NotAGoal):
        rules.read_patrons(typed)


def test_dates_and_matches_are_looked_over():
    for opens, closes in ((NOON, NOON), (NOON - 2 * DAY, NOON), (NOON, NOON + 367 * DAY)):
        with pytest.raises(rules.NotThoseDates):
            rules.check_dates(opens, closes, at=NOON)
    for sponsor, cap in (("Somebody", None), ("", 100)):
        with pytest.raises(rules.HalfAMatch):
            rules.check_match(sponsor, cap)
    rules.check_match("", None)
    rules.check_match("Somebody", 100)

"""How a membership stands, and how a name may be written: tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from membership.account.rules import NotAName, Situation, has_standing, may_cancel, situation, written_name
from membership.memberships.rules import is_in_good_standing

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "paid_until", "ends_at", "found"),
    [
        ("active", AT + DAY, None, Situation.PATRON),
        ("active", AT + DAY, AT + DAY, Situation.ENDING),
        ("active", AT, None, Situation.RENEWING),
        ("active", AT - 13 * DAY, None, Situation.RENEWING),
        ("active", AT - 14 * DAY, None, Situation.RESTING),
        ("active", None, None, Situation.WAITING),
        ("incomplete", None, None, Situation.WAITING),
        ("incomplete_expired", None, None, Situation.NEVER),
        ("past_due", AT - DAY, None, Situation.GRACE),
        ("past_due", AT - DAY, AT + DAY, Situation.GRACE),
        ("past_due", AT - 14 * DAY, None, Situation.RESTING),
        ("unpaid", AT - DAY, None, Situation.ENDED),
        ("canceled", AT + DAY, AT - DAY, Situation.ENDED),
        ("canceled", None, None, Situation.NEVER),
    ],
)
def test_a_membership_stands_in_one_way(status, paid_until, ends_at, found):
    state = situation(status=status, paid_until=paid_until, ends_at=ends_at, at=AT)
    assert state is found
    assert has_standing(state) is is_in_good_standing(status=status, paid_until=paid_until, at=AT)


@pytest.mark.parametrize(
    ("paid_until", "found"),
    [(AT + DAY, Situation.PATRON), (AT, Situation.PAUSED), (AT - DAY, Situation.PAUSED), (None, Situation.WAITING)],
)
def test_a_paused_membership_stands_for_the_paid_time_without_a_grace(paid_until, found):
    state = situation(status="active", paid_until=paid_until, ends_at=None, at=AT, paused=True)
    assert state is found
    assert has_standing(state) is is_in_good_standing(status="active", paid_until=paid_until, at=AT, paused=True)


@pytest.mark.parametrize(
    ("status", "frozen", "found"),
    [
        ("active", False, Situation.RETURNED), ("active", True, Situation.FROZEN), ("canceled", False, Situation.ENDED),
        ("past_due", False, Situation.RETURNED),
    ],
)  # fmt: skip
def test_money_that_went_back_is_no_beginning(status, frozen, found):
    at = {"paid_until": None, "ends_at": None, "at": AT}
    assert situation(status=status, frozen=frozen, paid_once=True, **at) is found


@pytest.mark.parametrize(
    ("state", "ends_at", "can"),
    [
        (Situation.PATRON, None, True), (Situation.GRACE, None, True), (Situation.RESTING, None, True),
        (Situation.WAITING, None, True), (Situation.ENDING, AT, False), (Situation.GRACE, AT, False),
        (Situation.ENDED, None, False), (Situation.NEVER, None, False),
    ],
)  # fmt: skip
def test_what_runs_and_has_no_end_can_be_cancelled(state, ends_at, can):
    assert may_cancel(state, ends_at) is can


@pytest.mark.parametrize(
    ("typed", "name"),
    [("  Ada   Invented ", "Ada Invented"), ("", ""), ("Ada\nBcc: x", "Ada Bcc: x"), ("Žofie", "Žofie")],
)
def test_a_name_is_written_on_one_line(typed, name):
    assert written_name(typed) == name


@pytest.mark.parametrize("typed", ["Ada\x00", "A\x1bda", "A\u202eda"])
def test_a_name_with_hidden_signs_is_refused(typed):
    with pytest.raises(NotAName):
        written_name(typed)

"""Gifts as tables of cases: price, state, whether one can be claimed, and when who is reminded."""

from datetime import UTC, datetime, timedelta

import pytest

from membership.memberships import gift_rules as rules
from membership.memberships.gift_rules import GiftState, step_due
from membership.memberships.rules import months_later, notice_at
from membership.money import Money
from tests.make import NOON

DAY = timedelta(days=1)


@pytest.mark.parametrize(("months", "minor"), [(3, 1500), (6, 3000), (12, 5000)])
def test_a_year_costs_the_yearly_price_and_less_its_months(months, minor):
    assert rules.price_of(months, monthly=Money(500, "EUR"), yearly=Money(5000, "EUR")) == Money(minor, "EUR")


@pytest.mark.parametrize("months", [0, 1, 24, -3])
def test_other_periods_are_not_offered(months):
    with pytest.raises(rules.NotAPeriod):
        rules.price_of(months, monthly=Money(500, "EUR"), yearly=Money(5000, "EUR"))


@pytest.mark.parametrize(
    ("paid", "withdrawn", "claimed", "deliver", "delivered", "state", "refusal"),
    [
        (False, False, False, None, None, GiftState.ASKED, rules.NoSuchGift),
        (True, False, False, None, None, GiftState.OPEN, None),  # the giver hands it over
        (True, False, False, NOON, None, GiftState.TO_COME, None),  # who has the link may claim before the letter
        (True, False, False, NOON, NOON, GiftState.OPEN, None),
        (True, False, True, NOON, NOON, GiftState.CLAIMED, rules.ClaimedAlready),
        (True, True, False, NOON, NOON, GiftState.WITHDRAWN, rules.Withdrawn),
        (True, True, True, NOON, NOON, GiftState.WITHDRAWN, rules.Withdrawn),
    ],
)
def test_how_a_gift_stands_and_whether_it_can_be_claimed(paid, withdrawn, claimed, deliver, delivered, state, refusal):
    found = rules.state_of(paid=paid, withdrawn=withdrawn, claimed=claimed, deliver_at=deliver, delivered_at=delivered)
    assert found is state
    if refusal is None:
        rules.check_claimable(found)
    else:
        with pytest.raises(refusal):
            rules.check_claimable(found)


@pytest.mark.parametrize(
    ("days", "by_letter", "step", "again"),
    [
        (0, True, None, 7),
        (6, True, None, 7),
        (7, True, "week", 30),
        (30, True, "month", 45),
        (45, True, "giver", None),
        (90, True, "giver", None),  # of several that were missed only the last
        (7, False, None, 45),
        (45, False, "giver", None),
    ],
)
def test_the_recipient_is_reminded_twice_and_then_the_giver(days, by_letter, step, again):
    found, later = step_due(NOON, NOON + days * DAY, by_letter=by_letter)
    assert (found and found.name) == step
    assert later == (None if again is None else NOON + again * DAY)


def test_months_end_on_the_same_day_or_the_months_last():
    start = datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert months_later(start, 3) == datetime(2027, 2, 28, 9, tzinfo=UTC)
    assert months_later(start, 12) == datetime(2027, 11, 30, 9, tzinfo=UTC)


def test_the_notice_comes_a_fortnight_before_unless_all_of_it_is_short():
    assert notice_at(NOON, NOON + 28 * DAY) == NOON + 14 * DAY
    assert notice_at(NOON, NOON + 27 * DAY) is None

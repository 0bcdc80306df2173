"""Standing, counting and the choice of a tier, as tables of cases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.memberships import rules
from membership.memberships.models import Membership
from membership.memberships.standing import standing_at, stands
from membership.money import Money, TooLarge, TooSmall
from tests import make
from tests.make import NOON

DAY = timedelta(days=1)
EUROS = {"reader": Money(300, "EUR"), "patron": Money(700, "EUR"), "champion": Money(2000, "EUR")}
COFFEE = Money(300, "EUR")


@pytest.mark.parametrize(
    ("status", "paid_until", "standing"),
    [
        ("active", NOON + DAY, True),
        ("active", None, False),  # a slow bank has not paid yet
        ("past_due", NOON - 13 * DAY, True),  # within the grace
        ("past_due", NOON - 14 * DAY, False),
        ("active", NOON - 14 * DAY, False),
        ("trialing", NOON + DAY, True),
        ("canceled", NOON + DAY, False),
        ("unpaid", NOON + DAY, False),
        ("incomplete", NOON + DAY, False),
        ("incomplete_expired", NOON + DAY, False),
    ],
)
def test_standing_comes_from_what_is_paid_and_lasts_through_the_grace(status, paid_until, standing):
    assert rules.is_in_good_standing(status=status, paid_until=paid_until, at=NOON) is standing


@pytest.mark.parametrize(
    ("status", "paid", "amount", "interval", "counted"),
    [
        ("active", True, 500, "month", 6000),
        ("active", True, 5000, "year", 5000),
        ("active", False, 500, "month", 0),
        ("past_due", True, 500, "month", 6000),
        ("canceled", True, 500, "month", 0),
    ],
)
def test_only_what_was_paid_once_and_still_runs_counts(status, paid, amount, interval, counted):
    found = rules.counted_amount(status=status, paid_once=paid, amount=amount, interval=interval)
    assert found == counted
    assert rules.counted_amount(status=status, paid_once=paid, amount=amount, interval=interval, paused=True) == 0


@pytest.mark.parametrize(
    ("before", "after", "earlier", "failed", "kind"),
    [
        (0, 0, False, False, None),
        (600, 600, True, False, None),
        (0, 600, False, False, "new"),
        (0, 600, True, False, "returned"),
        (600, 900, True, False, "raised"),
        (900, 600, True, False, "lowered"),
        (600, 0, True, False, "left"),
        (600, 0, True, True, "lost"),
    ],
)
def test_a_change_is_called_by_its_name(before, after, earlier, failed, kind):
    assert rules.movement_kind(before, after, was_patron_before=earlier, payment_failed=failed) == kind


@pytest.mark.parametrize(
    ("before", "after", "now", "failed", "kind"),
    [
        (600, 0, {"paused": True}, False, "paused"),
        (0, 0, {"paused": True, "rested": True}, False, None),
        (0, 600, {"rested": True}, False, "resumed"),
        (0, 900, {"rested": True}, False, "resumed"),
        (600, 0, {"paused": True, "ended": True}, False, "left"),
        (0, 0, {"rested": True, "ended": True}, False, "left"),
        (0, 0, {"rested": True, "ended": True}, True, "lost"),
        (0, 0, {"ended": True}, False, None),
    ],
)
def test_a_pause_takes_the_money_away_and_who_leaves_out_of_it_leaves_with_nothing(before, after, now, failed, kind):
    assert rules.movement_kind(before, after, was_patron_before=True, payment_failed=failed, **now) == kind


@pytest.mark.parametrize(
    ("chosen", "own", "expected"),
    [
        ("patron", None, ("patron", 700)),
        ("patron", 900, ("patron", 900)),
        (None, 300, ("reader", 300)),
        (None, 1999, ("patron", 1999)),
        (None, 2000, ("champion", 2000)),
    ],
)
def test_a_tier_costs_its_price_and_an_amount_reaches_a_tier(chosen, own, expected):
    own = Money(own, "EUR") if own else None
    slug, money = rules.tier_for(EUROS, chosen=chosen, own=own, coffee=COFFEE, locale="en")
    assert (slug, money.minor) == expected


@pytest.mark.parametrize(
    ("chosen", "own", "refusal"),
    [
        ("gold", None, rules.UnknownTier),
        (None, None, rules.UnknownTier),
        ("patron", 699, rules.NotForThatMuch),
        (None, 299, TooSmall),
        ("patron", 100_000_000, TooLarge),
    ],
)
def test_what_is_not_on_offer_is_refused_by_name(chosen, own, refusal):
    own = Money(own, "EUR") if own else None
    with pytest.raises(refusal):
        rules.tier_for(EUROS, chosen=chosen, own=own, coffee=COFFEE, locale="en")


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("status", ["active", "past_due", "canceled", "incomplete", "unpaid", "trialing"])
@pytest.mark.parametrize("days", [None, -20, -14, -13, 0, 5])
@pytest.mark.parametrize("paused", [False, True])
def test_the_rule_for_one_and_the_rule_for_all_are_the_same(session, status, days, frozen, paused):
    paid_until = None if days is None else NOON + days * DAY
    person = make.patron(session, status=status, paid_until=paid_until or NOON)
    row = session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one()
    row.paid_until, row.frozen, row.paused = paid_until, frozen, paused
    session.flush()
    in_the_set = session.scalars(select(Membership.id).where(standing_at(NOON))).all()
    assert (row.id in in_the_set) is stands(row, NOON)

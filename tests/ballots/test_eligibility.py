"""Who may vote, as tables of cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from membership.ballots import eligibility
from membership.ballots.eligibility import Reason, RollRule, judge, months_before, rule_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def reason(source="membership", tier=1, since_days=10, until_days=20, row=1):
    return Reason(source, row, tier, NOON - timedelta(days=since_days), NOON + timedelta(days=until_days))


@pytest.mark.parametrize(
    ("rule", "reasons", "why", "row"),
    [
        (RollRule(), [], "no_standing", None),
        (RollRule(), [reason()], "on", 1),
        (RollRule(), [reason(since_days=-1)], "no_standing", None),
        (RollRule(), [reason(), reason("gift", until_days=30, row=2)], "on", 2),
        (RollRule(), [reason("gift", row=2), reason()], "on", 1),
        (RollRule(sources=("membership",)), [reason("gift")], "source", 1),
        (RollRule(sources=("membership",)), [reason("gift", until_days=90), reason(row=2)], "on", 2),
        (RollRule(tiers=(2,)), [reason()], "tier", 1),
        (RollRule(months=3), [reason(since_days=80)], "months", 1),
        (RollRule(months=3), [reason(since_days=92)], "on", 1),
        (RollRule(months=3, sources=("gift",)), [reason(), reason("gift", row=2)], "months", 2),
        (RollRule(), [replace(reason("complimentary"), given_late=True)], "given_late", 1),
        (RollRule(), [replace(reason("complimentary", until_days=99), given_late=True), reason(row=2)], "on", 2),
    ],
)
def test_the_rule_says_who_is_on_the_roll_and_what_stands_against_it(rule, reasons, why, row):
    verdict = judge(rule, reasons, at=NOON)
    assert (verdict.why, verdict.reason and verdict.reason.source_id) == (why, row)


def test_a_weight_is_that_of_the_tier():
    rule = RollRule(weights={2: 3})
    assert judge(rule, [reason(tier=2)], at=NOON).weight == 3 and judge(rule, [reason(tier=1)], at=NOON).weight == 1
    assert rule.weighted and not RollRule(weights={2: 1}).weighted


def test_a_rule_is_kept_and_read_again_and_an_older_one_is_the_default():
    rule = RollRule(("gift",), (1, 2), 3, 72, {1: 2}, 5)
    assert rule_of(rule.as_plain()) == rule and rule_of({"who": "everybody", "weight": 1}) == RollRule(given_days=0)
    assert rule_of({name: value for name, value in rule.as_plain().items() if name != "given_days"}).given_days == 0


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        (RollRule(sources=()), eligibility.RuleDoesNotFit),
        (RollRule(sources=("friends",)), eligibility.RuleDoesNotFit),
        (RollRule(months=-1), eligibility.MonthsDoNotFit),
        (RollRule(late_hours=0), eligibility.HoursDoNotFit),
        (RollRule(late_hours=48), eligibility.HoursDoNotFit),
        (RollRule(weights={1: 4}), eligibility.WeightDoesNotFit),
        (RollRule(weights={1: 0}), eligibility.WeightDoesNotFit),
        (RollRule(given_days=-1), eligibility.GivenDaysDoNotFit),
        (RollRule(given_days=366), eligibility.GivenDaysDoNotFit),
    ],
)
def test_a_rule_that_nobody_means_is_refused(rule, refusal):
    with pytest.raises(refusal):
        eligibility.check_rule(rule, open_for=timedelta(hours=48))
    eligibility.check_rule(RollRule(late_hours=47), open_for=timedelta(hours=48))


def test_months_go_by_the_calendar():
    assert months_before(datetime(2026, 5, 31, tzinfo=UTC), 3) == datetime(2026, 2, 28, tzinfo=UTC)
    assert months_before(datetime(2026, 1, 15, tzinfo=UTC), 1) == datetime(2025, 12, 15, tzinfo=UTC)

"""When a payment still counts, and what may be refunded: tables of cases."""

import pytest

from membership.giving import correction_rules as rules
from membership.money import Money

PAID = Money(1000, "EUR")


@pytest.mark.parametrize(
    ("refunded", "disputed", "counting"),
    [(0, False, True), (999, False, True), (1000, False, False), (0, True, False), (1000, True, False)],
)
def test_a_payment_counts_until_all_of_it_went_back_or_it_is_disputed(refunded, disputed, counting):
    assert rules.counts(1000, refunded=refunded, disputed=disputed) is counting


@pytest.mark.parametrize(
    ("states", "held"),
    [
        ([], 0),
        ([("succeeded", 300), ("failed", 700)], 300),
        ([("asked", 300), ("pending", 200), ("refused", 100), ("canceled", 50)], 500),
    ],
)
def test_refunds_hold_their_amount_unless_they_failed(states, held):
    assert rules.refunded(states) == held


@pytest.mark.parametrize(
    ("statuses", "disputed"),
    [
        ([], False),
        (["warning_needs_response"], False),
        (["needs_response"], True),
        (["won"], False),
        (["lost"], True),
        (["won", "under_review"], True),
    ],
)
def test_only_a_dispute_that_took_the_money_counts(statuses, disputed):
    assert rules.is_disputed(statuses) is disputed


@pytest.mark.parametrize(
    ("asked", "held", "disputed", "refusal"),
    [
        (1001, 0, False, rules.MoreThanIsLeft),
        (600, 500, False, rules.MoreThanIsLeft),
        (1, 1000, False, rules.NothingLeftToRefund),
        (100, 0, True, rules.NothingLeftToRefund),
    ],
)
def test_a_refund_beyond_what_is_left_is_refused(asked, held, disputed, refusal):
    with pytest.raises(refusal):
        rules.refund_amount(Money(asked, "EUR"), paid=PAID, refunded=held, disputed=disputed, locale="en")


def test_what_is_left_may_be_refunded_to_the_last_cent():
    left = Money(10, "EUR")
    assert rules.refund_amount(left, paid=PAID, refunded=990, disputed=False, locale="en") == left


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        ([], ["needs_response"], "taken"),
        ([], ["warning_needs_response"], None),
        (["warning_needs_response"], ["needs_response"], "taken"),
        (["needs_response"], ["under_review"], None),
        (["under_review"], ["lost"], "lost"),
        ([], ["lost"], "lost"),  # a debit that was taken back: final from the beginning
        (["lost"], ["lost"], None),
        (["lost"], ["appeal_under_review"], "taken"),
        (["under_review"], ["won"], "back"),
        (["lost"], ["won"], "back"),
        ([], ["won"], None),
    ],
)
def test_what_a_dispute_means_to_whoever_paid(before, after, news):
    said = rules.dispute_news(
        rules.is_disputed(before), rules.is_disputed(after),
        was_undecided=rules.is_undecided(before), undecided=rules.is_undecided(after),
    )  # fmt: skip
    assert said == news

"""Why a payment failed, what brought it, when a link and a card are over: tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from membership.dunning import rules
from membership.memberships.rules import GRACE

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "code", "decline", "method", "reason"),
    [
        ("requires_payment_method", "card_declined", "generic_decline", "card", "other"),
        ("requires_payment_method", "card_declined", "insufficient_funds", "card", "funds"),
        ("requires_payment_method", "expired_card", "expired_card", "card", "expired"),
        ("requires_payment_method", "expired_card", None, "card", "expired"),
        ("requires_payment_method", "card_declined", "lost_card", "card", "lost"),
        ("requires_payment_method", "card_declined", "stolen_card", "card", "lost"),
        ("requires_payment_method", "authentication_required", "authentication_required", "card", "confirm"),
        ("requires_action", None, None, None, "confirm"),
        ("requires_payment_method", "payment_intent_payment_attempt_failed", None, "sepa_debit", "returned"),
        ("requires_payment_method", "insufficient_funds", None, "sepa_debit", "returned"),
        ("requires_payment_method", None, None, None, "other"),
        ("", None, None, None, "other"),
    ],
)
def test_a_reason_is_what_the_reader_can_do_something_about(status, code, decline, method, reason):
    assert rules.reason_of(status=status, code=code, decline_code=decline, method=method) == reason


@pytest.mark.parametrize(
    ("attempts", "status", "failed"),
    [(0, None, False), (1, None, True), (1, "requires_payment_method", True), (1, "processing", False),
     (2, "canceled", True)],
)  # fmt: skip
def test_a_slow_bank_has_not_failed(attempts, status, failed):
    assert rules.has_failed(attempts=attempts, status=status) is failed


@pytest.mark.parametrize(
    ("paid", "again", "changed", "by"),
    [
        (NOON, None, True, "new_card"), (NOON, NOON, True, "new_card"), (NOON, NOON, False, "retry"),
        (NOON + timedelta(hours=2), NOON, False, "retry"), (NOON - timedelta(days=1), NOON, False, "page"),
        (NOON, None, False, "page"),
    ],
)  # fmt: skip
def test_what_brought_the_money_is_told_apart(paid, again, changed, by):
    assert rules.recovered_by(paid_at=paid, next_attempt_at=again, card_changed=changed) == by


@pytest.mark.parametrize(
    ("year", "month", "moment", "over"),
    [
        (2026, 12, datetime(2026, 12, 31, 23, tzinfo=UTC), False), (2026, 12, datetime(2027, 1, 1, tzinfo=UTC), True),
        (2027, 1, datetime(2026, 12, 1, tzinfo=UTC), False), (2025, 12, NOON, True),
    ],
)  # fmt: skip
def test_a_card_is_good_to_the_end_of_its_month(year, month, moment, over):
    assert rules.expires_before(year=year, month=month, moment=moment) is over


def test_a_link_opens_until_it_is_spent_or_old():
    ends = NOON + rules.LINK_LIVES
    assert rules.link_is_open(spent_at=None, expires_at=ends, at=NOON)
    assert not rules.link_is_open(spent_at=None, expires_at=ends, at=ends)
    assert not rules.link_is_open(spent_at=NOON, expires_at=ends, at=NOON)


def test_every_reminder_comes_within_the_grace():
    assert all(timedelta() < after < GRACE for after in rules.REMINDERS.values())

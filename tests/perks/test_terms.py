"""Whose a perk is and when, as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from membership.perks.states import KINDS, expires_at, is_over, may_become
from membership.perks.terms import Answer, Had, Stand, Terms, carries, keeps, look, next_look, unbroken_since


def day(month, number=1, year=2026):
    return datetime(year, month, number, tzinfo=UTC)


NOW = day(11, 25)
PATRON = Stand(tiers=frozenset({1}), since=day(8, 25), kept_until=day(12, 25))
NOBODY = Stand()


@pytest.mark.parametrize(
    ("terms", "stand", "had", "issued", "answer"),
    [
        (Terms(), PATRON, Had(), 0, Answer(True)),
        (Terms(), NOBODY, Had(), 0, Answer(False, "standing")),
        (Terms(tiers=frozenset({2})), PATRON, Had(), 0, Answer(False, "tier")),
        (Terms(tiers=frozenset({1, 2})), PATRON, Had(), 0, Answer(True)),
        (Terms(), PATRON, Had(1, day(9)), 0, Answer(False, "had")),
        (Terms(months=3), PATRON, Had(), 0, Answer(True)),
        (Terms(months=4), PATRON, Had(), 0, Answer(False, "months", day(12, 25))),
        (Terms(rhythm="monthly"), PATRON, Had(2, day(10, 25)), 0, Answer(True)),
        (Terms(rhythm="monthly"), PATRON, Had(2, day(10, 26)), 0, Answer(False, "rhythm", day(11, 26))),
        (Terms(rhythm="yearly"), PATRON, Had(1, day(11, 26, 2025)), 0, Answer(False, "rhythm", day(11, 26))),
        (Terms(rhythm="yearly"), PATRON, Had(1, day(11, 25, 2025)), 0, Answer(True)),
        (Terms(opens_at=day(12)), PATRON, Had(), 0, Answer(False, "opens", day(12))),
        (Terms(opens_at=day(12), months=4), PATRON, Had(), 0, Answer(False, "months", day(12, 25))),
        (Terms(opens_at=NOW, closes_at=day(12)), PATRON, Had(), 0, Answer(True)),
        (Terms(closes_at=NOW), PATRON, Had(), 0, Answer(False, "over")),
        (Terms(closes_at=day(12), months=4), PATRON, Had(), 0, Answer(False, "over")),
        (Terms(most=10), PATRON, Had(), 9, Answer(True)),
        (Terms(most=10), PATRON, Had(), 10, Answer(False, "gone")),
        (Terms(most=10, months=4), PATRON, Had(), 10, Answer(False, "gone")),
    ],
)
def test_a_perk_is_due_by_its_terms_or_says_why_not_and_when(terms, stand, had, issued, answer):
    assert look(terms, stand, had, issued=issued, at=NOW) == answer


@pytest.mark.parametrize(
    ("perk_tiers", "reader_tiers", "carried", "kept"),
    [
        ((), (), False, False),
        ((), (1,), True, True),
        ((1, 2), (2,), True, True),
        ((1,), (), False, False),
        ((1,), (2,), False, True),  # moved up
        ((2,), (1,), False, False),  # moved down
        ((1, 3), (2,), False, True),
        ((3,), (1, 2), False, False),
    ],
)
def test_a_perk_belongs_to_its_tiers_and_is_kept_by_whoever_moves_up(perk_tiers, reader_tiers, carried, kept):
    assert carries(perk_tiers, reader_tiers) is carried
    assert keeps(perk_tiers, reader_tiers, {1: 10, 2: 20, 3: 30}) is kept


@pytest.mark.parametrize(
    ("spans", "since"),
    [
        ([], None),
        ([(day(1), day(2))], None),
        ([(day(9), day(12))], day(9)),
        ([(day(8), day(9)), (day(9, 15), day(12))], day(8)),  # a payment came fourteen days late
        ([(day(8), day(9)), (day(9, 16), day(12))], day(9, 16)),
        ([(day(3), day(12)), (day(4), day(5))], day(3)),
        ([(day(10), day(11, 20))], day(10)),  # within the grace
        ([(day(9), day(12)), (day(12), day(12, 30))], day(9)),
    ],
)
def test_how_long_somebody_has_stood_is_counted_without_breaks(spans, since):
    assert unbroken_since(spans, at=NOW) == since


def test_the_next_look_is_at_the_first_moment_to_come():
    assert next_look([None, NOW, day(12), day(12, 2)], at=NOW) == day(12)
    assert next_look([None, NOW - timedelta(days=1)], at=NOW) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_used_up_is_not_taken_back_and_only_what_is_asked_for_is_claimed(kind):
    used_up = kind in ("code", "event", "thing")
    assert may_become(kind, "redeemed", "revoked") is not used_up
    assert may_become(kind, "issued", "revoked")
    assert may_become(kind, "issued", "claimed") is (kind in ("code", "event", "thing", "wall"))
    assert not any(may_become(kind, "expired", state) for state in ("issued", "claimed", "redeemed", "revoked"))
    assert not may_become(kind, "revoked", "expired")


def test_what_is_not_claimed_in_time_is_over_and_an_evening_passes():
    times = {"issued_at": NOW, "ends_at": day(12)}
    assert expires_at("code", claim_days=30, **times) == day(12, 25)
    assert expires_at("link", claim_days=30, **times) is None
    assert expires_at("event", claim_days=None, **times) == day(12)
    assert expires_at("event", claim_days=2, **times) == day(11, 27)
    assert is_over("code", "issued", expires_at=day(12), ends_at=None, at=day(12))
    assert not is_over("code", "claimed", expires_at=day(12), ends_at=None, at=day(12, 2))
    assert not is_over("event", "claimed", expires_at=day(11, 27), ends_at=day(12), at=day(11, 30))
    assert is_over("event", "claimed", expires_at=day(11, 27), ends_at=day(12), at=day(12))
    assert not is_over("code", "redeemed", expires_at=day(12), ends_at=None, at=day(12, 2))

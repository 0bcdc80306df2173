"""Rules about people, as tables of cases."""

from datetime import timedelta

import pytest

from membership.readers.rules import code_of, email_key, is_open, session_is_alive
from tests.make import NOON


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"), (" 123 456 ", "123456"), ("000001", "000001"), ("12345", ""), ("1234567", ""),
        ("12345a", ""), ("", ""), ("１２３４５６", ""), ("-12345", ""),
    ],
)  # fmt: skip
def test_a_code_is_six_digits_however_spaced(typed, code):
    assert code_of(typed) == code


@pytest.mark.parametrize(
    ("used", "age", "wrong", "expected"),
    [
        (False, timedelta(0), 0, True),
        (False, timedelta(minutes=10), 4, True),
        (False, timedelta(minutes=10, seconds=1), 0, False),
        (True, timedelta(minutes=1), 0, False),
        (False, timedelta(minutes=1), 5, False),
    ],
)
def test_a_letter_opens_for_ten_minutes_once_and_not_after_five_wrong_codes(used, age, wrong, expected):
    expires = NOON + timedelta(minutes=10)
    assert is_open(used_at=NOON if used else None, expires_at=expires, wrong_codes=wrong, at=NOON + age) is expected


@pytest.mark.parametrize(
    ("staff", "idle", "age", "alive"),
    [
        (False, timedelta(days=29), timedelta(days=100), True),
        (False, timedelta(days=30), timedelta(days=100), False),
        (False, timedelta(days=1), timedelta(days=180), False),
        (True, timedelta(minutes=29), timedelta(hours=11), True),
        (True, timedelta(minutes=30), timedelta(hours=1), False),
        (True, timedelta(minutes=1), timedelta(hours=12), False),
    ],
)
def test_a_session_lives_longer_for_readers_than_for_staff(staff, idle, age, alive):
    at = NOON + age
    assert session_is_alive(created_at=NOON, seen_at=at - idle, staff=staff, at=at) is alive


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ada@Example.org", "ada@example.ORG", True),
        ("ada@bücher.example", "ADA@xn--bcher-kva.example", True),
        ("ada+news@example.org", "ada@example.org", False),
        ("a.da@example.org", "ada@example.org", False),
    ],
)
def test_an_address_is_recognised_however_it_is_written(one, other, same):
    assert (email_key(one) == email_key(other)) is same

"""What servers' answers mean, and when a letter is tried again."""

from datetime import timedelta

import pytest

from membership.mail.composing import PostOffice
from membership.mail.rules import GIVEN_UP_AFTER, LONGEST_PAUSE, Came, meaning, next_try, room, without_addresses
from tests.make import NOON


@pytest.mark.parametrize(
    ("code", "words", "came"),
    [
        (450, "4.2.1 mailbox busy", Came.PUT_OFF),
        (451, "greylisted", Came.PUT_OFF),
        (550, "5.1.1 no such user", Came.NO_SUCH_ADDRESS),
        (550, "No such user here", Came.NO_SUCH_ADDRESS),
        (551, "User not local", Came.NO_SUCH_ADDRESS),
        (552, "5.2.2 mailbox full for good", Came.NO_SUCH_ADDRESS),
        (550, "5.7.1 message content rejected", Came.REFUSED),
        (554, "we do not like your letter", Came.REFUSED),
        (552, "message too large", Came.REFUSED),
        (550, "  5.1.10 recipient not found", Came.NO_SUCH_ADDRESS),
    ],
)
def test_only_what_a_server_says_of_the_address_is_held_against_it(code, words, came):
    assert meaning(code, words) is came


def test_the_pauses_grow_and_have_an_end():
    tries, at, attempts = [], NOON, 0
    while at is not None:
        attempts += 1
        again = next_try(NOON, attempts, at)
        tries.append((again - at) if again else None)
        at = again
    assert tries[:3] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert max(pause for pause in tries if pause) == LONGEST_PAUSE and tries[-1] is None
    assert next_try(NOON, 3, NOON + GIVEN_UP_AFTER) is None
    assert next_try(NOON, 3, NOON + GIVEN_UP_AFTER - timedelta(seconds=1)) is not None


@pytest.mark.parametrize(("per_minute", "most"), [(600, 10), (60, 1), (6, 1), (1, 1), (90, 1), (600_000, 10_000)])
def test_no_more_go_out_than_the_pace_has_room_for(per_minute, most):
    sent, free_at = 0, None
    for tenth in range(600):
        letters, free_at, each = room(per_minute, 1.0, free_at, NOON + tenth * timedelta(seconds=0.1))
        assert letters <= most and abs(each * per_minute - timedelta(minutes=1)) < timedelta(milliseconds=1)
        sent += letters
    assert sent <= per_minute + most and sent >= per_minute * (0.99 if most > 1 else 0.9)
    assert room(per_minute, 1.0, NOON + timedelta(days=1), NOON)[0] == most, "a clock that was put back stops nothing"


def test_what_a_server_says_is_kept_without_the_address():
    said = "5.1.1 <ada@example.org>:\r\n Recipient ada@example.org rejected" + "!" * 500
    assert "ada" not in without_addresses(said) and "\n" not in without_addresses(said)
    assert without_addresses(said).startswith("5.1.1 …: Recipient … rejected") and len(without_addresses(said)) == 300


def test_a_letters_name_can_be_made_by_the_house_alone():
    office = PostOffice("file:x", "a@example.org", "members.example.org", "a secret")
    name = office.name_of(7)
    assert office.letter_named(name) == 7
    other = PostOffice("file:x", "a@example.org", "members.example.org", "another secret")
    wrong = ["letter-7", "letter-7.", name + "0", name.replace("7", "8", 1), name.upper(), other.name_of(7), ""]
    assert [office.letter_named(one) for one in wrong] == [None] * len(wrong)

"""SIGKILL between every two steps of taking in a payment, in the web process and in the worker, and what is then true.

After each death the part is started again and everything drained: one membership, one payment, one receipt and its letter,
one perk, and a ledger that adds up. Beside it a control that answers 200 before it stores: the same deaths make it lose.
"""

from collections.abc import Callable, Mapping

import pytest

from tests.faults.mortal_house import MortalHouse, steps

NONE: Mapping[str, int] = {}
ROUNDS = 20
MISCHIEF = {"duplicate": 3, "twin": 3}
"""Beside the deaths: some events delivered twice, some changes told under two ids."""


def kill_workers(mortal: MortalHouse, mischief: Mapping[str, int] = NONE):
    """A worker dies at its first step, another at its second, … until one survives; each after a payment of its own."""
    patrons = []
    with mortal.web():
        for step in steps():
            patrons.append(f"patron{step}@example.org")
            mortal.house.faults(**mischief)
            mortal.pay(patrons[-1])
            assert mortal.deliver() == 0
            survived = not mortal.work(kill_at=step)
            mortal.survive()
            if survived:
                break
    for patron in patrons:
        mortal.assert_books_are_right(patron)
    mortal.assert_all_is_quiet()
    assert {"before commit", "after commit", "before a request to Stripe", "after a request to Stripe"} <= {
        *mortal.deaths
    }
    assert len(mortal.deaths) == len(patrons) - 1 > 20


def kill_doors(mortal: MortalHouse, mischief: Mapping[str, int] = NONE):
    """The same for the web process while it takes deliveries."""
    patrons = []
    for step in steps():
        patrons.append(f"patron{step}@example.org")
        mortal.hold_deliveries()
        mortal.house.faults(**mischief)
        mortal.pay(patrons[-1])
        with mortal.web(kill_at=step):
            undelivered = mortal.deliver()
        if undelivered == 0:
            break
        with mortal.web():
            assert mortal.deliver() == 0
    mortal.survive()
    for patron in patrons:
        mortal.assert_books_are_right(patron)
    mortal.assert_all_is_quiet()
    assert {"before commit", "after commit"} <= {*mortal.deaths}
    assert len(mortal.deaths) >= len(patrons) - 1 > 10


def test_a_worker_killed_at_any_step_does_everything_once(mortal: MortalHouse):
    kill_workers(mortal)


def test_a_door_killed_at_any_step_keeps_every_event_once(mortal: MortalHouse):
    kill_doors(mortal)


@pytest.mark.long
@pytest.mark.parametrize("kill", [kill_workers, kill_doors])
@pytest.mark.parametrize("_round", range(ROUNDS))
def test_each_of_these_deaths_again_and_with_mischief(mortal: MortalHouse, kill: Callable[..., None], _round: int):
    kill(mortal, mischief=MISCHIEF)


def test_a_door_that_answers_before_it_stores_is_seen_to_lose(mortal: MortalHouse):
    """The control: were the harness blind to loss, this would fail."""
    for step in range(1, 13):
        mortal.hold_deliveries()
        mortal.pay(f"patron{step}@example.org")
        with mortal.web(kill_at=step, answers_first=True):
            mortal.deliver()
        with mortal.web():
            assert mortal.deliver() == 0
    assert mortal.deaths
    assert mortal.lost_events(), "events answered with 200 and never seen again"

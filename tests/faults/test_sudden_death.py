"""SIGKILL between every two steps of taking in a payment, in the web process and in the worker, and what is then true.

After each death the part is started again and everything drained: one membership, one payment, one receipt and its letter,
one perk, and a ledger that adds up. Beside it a control that answers 200 before it stores: the same deaths make it lose.
"""

from tests.faults.mortal_house import MortalHouse, steps


def test_a_worker_killed_at_any_step_does_everything_once(mortal: MortalHouse):
    patrons = []
    with mortal.web():
        for step in steps():
            patrons.append(f"patron{step}@example.org")
            mortal.pay(patrons[-1])
            assert mortal.deliver() == 0
            survived = not mortal.work(kill_at=step)
            mortal.work()
            if survived:
                break
    for patron in patrons:
        mortal.assert_books_are_right(patron)
    mortal.assert_all_is_quiet()
    assert {"before commit", "after commit", "before a request to Stripe", "after a request to Stripe"} <= {
        *mortal.deaths
    }
    assert len(mortal.deaths) == len(patrons) - 1 > 20


def test_a_door_killed_at_any_step_keeps_every_event_once(mortal: MortalHouse):
    patrons = []
    for step in steps():
        patrons.append(f"patron{step}@example.org")
        mortal.hold_deliveries()
        mortal.pay(patrons[-1])
        with mortal.web(kill_at=step):
            undelivered = mortal.deliver()
        if undelivered == 0:
            break
        with mortal.web():
            assert mortal.deliver() == 0
    mortal.work()
    for patron in patrons:
        mortal.assert_books_are_right(patron)
    mortal.assert_all_is_quiet()
    assert {"before commit", "after commit"} <= {*mortal.deaths}
    assert len(mortal.deaths) >= len(patrons) - 1 > 10


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

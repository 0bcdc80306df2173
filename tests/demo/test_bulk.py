"""`membership seed`: killed and run again, it holds what a run in one piece holds."""

from __future__ import annotations

import signal

from tests.test_cli import env, fresh, in_database, run, set_up, start  # noqa: F401 - fixtures among them

READERS = "SELECT count(DISTINCT reader_id) FROM membership"
RECEIPTS = "SELECT year, count(*), max(sequence), count(DISTINCT payment_id) FROM receipt GROUP BY year ORDER BY year"
BOOK = 'SELECT year, "last" FROM receipt_book ORDER BY year'
FACTS = "SELECT c.token, m.amount, m.currency, m.status FROM membership m JOIN checkout c ON c.id = m.checkout_id ORDER BY 1"


def test_killed_between_two_batches_it_goes_on_and_can_be_run_with_more(env, fresh):  # noqa: F811
    assert run(env, "db", "upgrade").returncode == 0
    seeding = start(env, "seed", "--patrons", "260", "--months", "4")
    assert seeding.stdout is not None and "250 of 260" in seeding.stdout.readline()
    seeding.send_signal(signal.SIGKILL)
    seeding.communicate(timeout=20)
    before = in_database(fresh, FACTS)
    assert 250 <= len(before) <= 260
    assert run(env, "seed", "--patrons", "264", "--months", "4").returncode == 0
    after = in_database(fresh, FACTS)
    assert set(before) < set(after)
    assert in_database(fresh, READERS) == [(264,)]
    payments = in_database(fresh, "SELECT count(*) FROM payment")[0][0]
    numbered = in_database(fresh, RECEIPTS)
    assert sum(row[1] for row in numbered) == payments
    assert [(year, last) for year, _, last, _ in numbered] == [tuple(row) for row in in_database(fresh, BOOK)]
    assert all(count == last == of_payments for _, count, last, of_payments in numbered)
    counted = in_database(fresh, "SELECT sum(counted) FROM membership")
    assert counted == in_database(fresh, "SELECT sum(yearly) FROM movement")
    assert "begun with 4 months" in run(env, "seed", "--patrons", "264", "--months", "5").stderr


def test_a_live_key_or_somebody_elses_newsroom_is_refused(env, fresh):  # noqa: F811
    set_up(fresh)
    assert "not made by this command" in run(env, "seed", "--patrons", "5").stderr
    live = {**env, "STRIPE_SECRET_KEY": "sk_live_cli"}
    del live["STRIPE_API_BASE"]
    refused = run(live, "seed", "--patrons", "5")
    assert refused.returncode != 0
    assert "live" in refused.stderr.lower()
    assert in_database(fresh, READERS) == [(0,)]

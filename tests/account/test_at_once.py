"""Several requests and the worker write the same membership at once: nobody waits for ever, and one letter is written."""

import threading
import time

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.account.actions import follow_cancellation, look_again
from membership.gateway.readings import SubscriptionReading
from membership.jobs import queue
from membership.mail.models import Letter
from membership.memberships.actions import keep_in_step
from membership.memberships.models import Membership
from tests import make


@pytest.fixture
def engine_of_ones_own(store):
    with store.fresh() as url:
        engine = db.engine_for(url)
        db.bind(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def answered(engine_of_ones_own):
    """What Stripe answers: the one patron's subscription, ending with its period."""
    with Session(engine_of_ones_own, expire_on_commit=False) as session:
        make.newsroom(session)
        make.patron(session)
        row = session.scalars(select(Membership)).one()
    return SubscriptionReading(
        id=row.subscription_id, token=None, customer_id="cus_1", status="active", product_id="", currency="EUR", amount=500,
        interval="month", started_at=row.started_at, period_ends_at=row.period_ends_at, ends_at=row.period_ends_at,
        ended_at=None, payment_failed=False,
    )  # fmt: skip


def at_once(*works):
    """Do these in threads of their own; raises what any of them raised."""
    troubles = []

    def tried(work):
        try:
            work()
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=tried, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert troubles == [] and not any(thread.is_alive() for thread in threads)


def ends_and_letters(engine):
    with Session(engine) as session:
        return session.scalars(select(Membership.ends_at)).one(), session.scalar(
            select(func.count()).select_from(Letter)
        )


def test_cancellations_at_once_are_one_and_one_letter(app, engine_of_ones_own, answered):
    def reader():
        with app.app_context(), db.transaction() as session:
            follow_cancellation(session, answered, at=clock.now())

    at_once(*[reader] * 6)
    assert ends_and_letters(engine_of_ones_own) == (answered.ends_at, 1)


def test_a_cancellation_waits_for_the_worker_and_never_locks_it_out(app, engine_of_ones_own, answered):
    """The worker holds the job and is about to take the membership: a reader who came in the other order would deadlock."""
    with db.transaction() as session:
        look_again(session, answered.id, at=clock.now())
    job = queue.claim()
    assert job is not None
    held = threading.Event()

    def worker():
        with app.app_context(), queue.finishing(job) as session:
            held.set()
            time.sleep(0.5)
            keep_in_step(session, answered, at=clock.now())

    def reader():
        held.wait(10)
        with app.app_context(), db.transaction() as session:
            follow_cancellation(session, answered, at=clock.now())

    at_once(worker, reader)
    assert ends_and_letters(engine_of_ones_own) == (answered.ends_at, 1)
    assert queue.claim_key(f"stripe:{answered.id}") is not None

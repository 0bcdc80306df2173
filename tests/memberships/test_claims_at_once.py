"""Several want the same gift, or the last seats, in the same moment: one has it, and nobody waits for ever."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.giving.models import Checkout, Payment
from membership.jobs import queue
from membership.memberships import gifts, given, group_queries, groups
from membership.memberships.gift_models import Gift
from membership.memberships.gift_rules import ClaimedAlready
from membership.memberships.given_models import GivenMembership
from membership.memberships.group_rules import NoSeatLeft
from tests import make


@pytest.fixture
def engine(store):
    with store.fresh() as url:
        made = db.engine_for(url)
        db.bind(made)
        yield made
        made.dispose()


def at_once(app, works, expected):
    """Do these in threads of their own; how many were refused by `expected`. Any other trouble fails."""
    refused, troubles, start = [], [], threading.Barrier(len(works))

    def tried(work):
        try:
            with app.app_context():
                start.wait(20)
                work()
        except expected as refusal:
            refused.append(refusal)
        except Exception as trouble:
            troubles.append(trouble)

    threads = [threading.Thread(target=tried, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert troubles == [] and not any(thread.is_alive() for thread in threads)
    return len(refused)


def a_gift(session):
    """A gift that is paid and handed over."""
    giver, tier, at = make.reader(session), make.tier(session), clock.now()
    values = {"currency": "EUR", "amount": 1500}
    checkout = Checkout(
        token="t", attempt="a", kind="gift", state="paid", email=giver.email, language="en", browser_hash="b",
        begun_at=at, **values,
    )  # fmt: skip
    payment = Payment(stripe_id="pi_1", reader_id=giver.reader_id, kind="gift", paid_at=at, method="card", **values)
    session.add_all([checkout, payment])
    session.flush()
    gift = Gift(
        checkout_id=checkout.id, token="secret", tier_id=tier.id, months=3, giver_name="Gina Sample", message="",
        recipient_name="", language="en", payment_id=payment.id, giver_id=giver.reader_id, bought_at=at,
    )  # fmt: skip
    session.add(gift)
    session.commit()


def test_one_gift_is_claimed_once(app, engine):
    with Session(engine, expire_on_commit=False) as session:
        make.newsroom(session)
        a_gift(session)
        readers = [make.reader(session).reader_id for _ in range(5)]

    def claim(reader_id):
        with db.transaction() as session:
            gifts.claim(session, "secret", reader_id, at=clock.now())

    works = [lambda reader_id=reader_id: claim(reader_id) for reader_id in [*readers, readers[0]]]
    assert at_once(app, works, ClaimedAlready) == 5
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(GivenMembership)) == 1


def test_the_last_seats_are_given_once(app, engine):
    with Session(engine, expire_on_commit=False) as session:
        make.newsroom(session)
        group = make.group(session, seats=3)

    def offer(number):
        with db.transaction() as session:
            groups.offer_seats(session, group.id, [f"one{number}@example.org"], at=clock.now())

    assert at_once(app, [lambda number=number: offer(number) for number in range(6)], NoSeatLeft) == 3
    with Session(engine) as session:
        assert group_queries.taken_seats(session, group.id) == 3


def test_ending_what_the_worker_follows_locks_nobody_out(app, engine):
    """The worker holds the job and then takes the row; whoever ends the membership must come in the same order."""
    with Session(engine, expire_on_commit=False) as session:
        make.newsroom(session)
        by = make.staff(session, "manager").reader_id
        at = clock.now()
        row = make.given(session, begins_at=at - timedelta(days=1))
        given.wake(session, row, at=at)
        session.commit()

    job = queue.claim_key(f"given:{row.id}")
    assert job is not None
    held = threading.Event()

    def worker():
        with queue.finishing(job) as session:
            held.set()
            time.sleep(0.5)
            given.follow(session, row.id, at=clock.now())

    def staff():
        held.wait(10)
        with db.transaction() as session:
            given.end_early(session, row.id, by=by, at=clock.now())

    assert at_once(app, [worker, staff], given.OverAlready) == 0
    assert queue.claim_key(f"given:{row.id}") is not None

"""Several requests and the worker write the same membership at once: nobody waits for ever, and one letter is written."""

import threading
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.account.actions import follow_cancellation
from membership.gateway.readings import SubscriptionReading
from membership.jobs import queue
from membership.mail.models import Letter
from membership.memberships.actions import keep_in_step
from membership.memberships.models import Membership
from tests import make


def test_cancellations_at_once_and_the_worker_neither_block_nor_double(store, app):
    with store.fresh() as url:
        engine = db.engine_for(url)
        db.bind(engine)
        try:
            _all_at_once(engine, app)
        finally:
            engine.dispose()


def _all_at_once(engine, app):
    with Session(engine, expire_on_commit=False) as session:
        make.newsroom(session)
        make.patron(session)
        row = session.scalars(select(Membership)).one()
    answered = SubscriptionReading(
        id=row.subscription_id, token=None, customer_id="cus_1", status="active", product_id="", currency="EUR", amount=500,
        interval="month", started_at=row.started_at, period_ends_at=row.period_ends_at, ends_at=row.period_ends_at,
        ended_at=None, payment_failed=False,
    )  # fmt: skip
    troubles: list[Exception] = []

    def reader() -> None:
        with app.app_context(), db.transaction() as session:
            follow_cancellation(session, answered, at=clock.now())

    def worker() -> None:
        job = queue.claim_key(f"stripe:{row.subscription_id}", lease=timedelta(seconds=30))
        if job is not None:
            with app.app_context(), queue.finishing(job) as session:
                keep_in_step(session, answered, at=clock.now())

    def several(work) -> None:
        try:
            for _ in range(5):
                work()
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=several, args=(work,)) for work in (reader, worker, reader, worker, reader)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert troubles == [] and not any(thread.is_alive() for thread in threads)
    with Session(engine) as session:
        assert session.scalars(select(Membership)).one().ends_at == row.period_ends_at
        assert session.scalar(select(func.count()).select_from(Letter)) == 1

"""The ground stands: transactions, jobs, letters and the pages that need no room."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from membership import clock, db
from membership.jobs import queue
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.readers import trail
from membership.readers.models import Reader
from tests import make


def test_a_transaction_that_raises_keeps_nothing(session):
    before = len(session.scalars(select(Reader)).all())
    with pytest.raises(RuntimeError), db.transaction() as inner:
        inner.add(Reader(created_at=make.NOON))
        inner.flush()
        raise RuntimeError("in the middle")
    session.expire_all()
    assert len(session.scalars(select(Reader)).all()) == before


def test_reading_keeps_nothing(session):
    with db.reading() as inner:
        inner.add(Reader(created_at=make.NOON))
        inner.flush()
    assert session.scalars(select(Reader)).all() == []


def test_a_job_posted_twice_is_one_and_runs_once(session):
    seen = []
    for _ in range(2):
        queue.post(session, "tests.note", "note:1", {"n": 1}, due_at=clock.now())
    session.commit()

    def note(job):
        with queue.finishing(job):
            seen.append(job.payload)

    while run_one({"tests.note": note}):
        pass
    assert seen == [{"n": 1}]


def test_a_reason_that_arrives_while_the_job_runs_makes_it_due_again(session):
    queue.post(session, "tests.note", "note:2", due_at=clock.now())
    session.commit()
    job = queue.claim()
    assert job is not None and queue.claim() is None
    with db.transaction() as inner:
        queue.post(inner, "tests.note", "note:2", due_at=clock.now())
    with queue.finishing(job):
        pass
    assert queue.claim() is not None


def test_one_claim_takes_one_job_however_the_database_plans_it(session):
    for number in range(20):
        queue.post(session, "tests.note", f"note:{number}", due_at=clock.now())
    if session.get_bind().dialect.name == "postgresql":
        for setting in ("enable_hashjoin", "enable_mergejoin", "enable_hashagg", "enable_sort", "enable_material"):
            session.execute(text(f"SET LOCAL {setting} = off"))
    session.commit()
    assert queue.claim() is not None
    assert session.scalar(select(func.count()).select_from(Job).where(Job.state == "running")) == 1


def test_a_stale_lease_writes_nothing(session):
    queue.post(session, "tests.note", "note:3", due_at=clock.now())
    session.commit()
    stale = queue.claim(lease=timedelta(seconds=-1))
    fresh = queue.claim()
    assert stale is not None and fresh is not None and stale.id == fresh.id
    with pytest.raises(queue.LeaseLost), queue.finishing(stale) as inner:
        inner.add(Reader(created_at=make.NOON))
    assert session.scalars(select(Reader)).all() == []


def test_a_job_that_keeps_failing_is_parked_with_its_error(session):
    queue.post(session, "tests.fail", "fail:1", due_at=clock.now())
    session.commit()

    def fail(_job):
        raise ValueError("no")

    for _ in range(queue.ATTEMPTS):
        session.execute(Job.__table__.update().values(due_at=clock.now()))
        session.commit()
        assert run_one({"tests.fail": fail})
    session.expire_all()
    job = session.scalars(select(Job)).one()
    assert (job.state, job.attempts, job.last_error) == ("parked", queue.ATTEMPTS, "ValueError: no")


def test_a_job_that_kills_every_worker_is_parked_instead_of_killing_the_next(session):
    """A process that dies writes nothing down: its tries are all that is left to see."""
    queue.post(session, "tests.deadly", "deadly:1", due_at=clock.now())
    session.commit()
    for _ in range(queue.DEATHS):
        assert queue.claim(lease=timedelta(seconds=-1)) is not None
    ran = []
    assert run_one({"tests.deadly": ran.append})
    session.expire_all()
    job = session.scalars(select(Job)).one()
    assert ran == [] and job.state == "parked" and "every worker that took it died" in job.last_error
    queue.post(session, "tests.deadly", "deadly:1", due_at=clock.now())
    session.commit()
    assert run_one({"tests.deadly": ran.append})
    assert len(ran) == 1


def test_the_audit_trail_is_chained_and_cannot_be_changed(session):
    for n in range(3):
        trail.note(session, actor_id=None, action="test:act", object=f"row/{n}", at=make.NOON, figure=n)
    session.commit()
    assert trail.first_break(session) is None
    with pytest.raises(Exception, match="append-only"), session.begin_nested():
        session.execute(trail.AuditEntry.__table__.update().values(action="test:other"))

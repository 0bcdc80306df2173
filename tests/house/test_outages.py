"""Somebody else being away (Stripe, the mail server) never parks what people wait for."""

from datetime import timedelta

from sqlalchemy import select, update

from membership import clock
from membership.gateway.client import StripeUnreachable
from membership.jobs.models import Job
from membership.jobs.queue import ATTEMPTS, DEATHS, post
from membership.jobs.worker import run_one
from membership.mail.line import Unreachable
from membership.mail.post import PutOff


def failing(session, error, times):
    """A job that fails with this error, taken up so often; how it stands."""
    post(session, "house.tried", "tried", due_at=clock.now())
    session.commit()

    def fail(_job):
        raise error

    for _ in range(times):
        assert run_one({"house.tried": fail})
        session.execute(update(Job).values(due_at=clock.now() - timedelta(seconds=1)))
        session.commit()
    session.expire_all()
    return session.scalars(select(Job).where(Job.key == "tried")).one()


def test_an_outage_however_long_parks_nothing(session, caplog):
    for error in (StripeUnreachable(), Unreachable("away"), PutOff("421")):
        job = failing(session, error, DEATHS + 5)
        assert (job.state, job.attempts) == ("ready", ATTEMPTS - 1), error
        session.delete(job)
        session.commit()


def test_a_mistake_is_parked_after_ten_tries(session, caplog):
    assert failing(session, ValueError("a mistake"), ATTEMPTS).state == "parked"


def test_a_mistake_after_an_outage_is_still_parked(session, caplog):
    failing(session, StripeUnreachable(), 15)
    assert failing(session, ValueError("a mistake"), 1).state == "parked"

"""How the house is, in figures that are cheap to ask for: for `/metrics`, and for the alarms.

Every figure is read from the database when it is asked for, so that any process tells the same. Nothing here walks a table
that grows with the years: jobs and differences are few, the rest is found by an index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import Session

from membership.desk.alarm_models import BackupMade
from membership.giving.models import Payment
from membership.jobs.models import Job, WorkerBeat
from membership.mail.models import Letter
from membership.webhooks.drift_models import Drift, Reconciliation
from membership.webhooks.models import StripeEvent

STRIPE_AWAY = "StripeUnreachable%"
RECENT_PAYMENTS = 50
"""The usual pause between payments is read off so many."""
STATES = ("ready", "running", "parked")


@dataclass(frozen=True)
class Vitals:
    """Times are None where there is none (yet). Jobs' and letters' waiting is told in seconds.

    `queue_seconds`: since when the oldest job is due that nobody has tried yet. `letter_seconds`: since when a letter to one
    person alone waits. `stripe_tries`: how often in a row a job was told that Stripe does not answer. `missed`: events that
    the last run of the reconciler found at Stripe and not in our inbox. `pause_seconds`: the usual pause between payments.
    """

    jobs: Mapping[str, int]
    beat_at: datetime | None
    queue_seconds: int
    letter_seconds: int
    letters_failed: int
    letters_waiting: int
    stripe_tries: int
    events_waiting: int
    oldest_event_at: datetime | None
    missed: int
    reconciled_at: datetime | None
    drift_open: int
    oldest_drift_at: datetime | None
    paid_at: datetime | None
    pause_seconds: int | None
    backup_at: datetime | None


def vitals(session: Session, *, at: datetime, wall: datetime) -> Vitals:
    """All of them as of a moment; `wall` is the real time, by which waiting is measured that does not follow the demo's."""
    states = dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())  # type: ignore[arg-type]
    letter = _one(session, _first(Job.posted_at, Job.name == "mail.send", Job.state != "parked"))
    tries = select(func.max(Job.attempts)).where(Job.state == "ready", Job.last_error.like(STRIPE_AWAY))
    new = literal_column("stripe_event.state") == literal_column("'new'")  # as the index says it, or it is not used
    events, oldest = _pair(session, select(func.count(), func.min(StripeEvent.received_at)).where(new))
    drifts, drift = _pair(session, select(func.count(), func.min(Drift.found_at)).where(Drift.settled_at.is_(None)))
    whole = Reconciliation.ended_at.is_not(None)
    last = select(Reconciliation.missed, Reconciliation.ended_at).where(whole).order_by(Reconciliation.id.desc()).limit(1)
    missed, reconciled = session.execute(last).first() or (0, None)
    failed, queued = (literal_column("letter.state") == literal_column(f"'{state}'") for state in ("failed", "queued"))
    paid, pause = _payments(session)
    return Vitals(
        jobs={state: states.get(state, 0) for state in STATES},
        beat_at=_one(session, select(func.max(WorkerBeat.at))),
        queue_seconds=queue_seconds(session, at),
        letter_seconds=_seconds(letter, wall),
        letters_failed=_one(session, select(func.count()).where(failed, Letter.mailing_id.is_(None))),
        letters_waiting=_one(session, select(func.count()).where(queued, Letter.mailing_id.is_not(None))),
        stripe_tries=_one(session, tries) or 0,
        events_waiting=events,
        oldest_event_at=oldest,
        missed=missed,
        reconciled_at=reconciled,
        drift_open=drifts,
        oldest_drift_at=drift,
        paid_at=paid,
        pause_seconds=pause,
        backup_at=_one(session, select(func.max(BackupMade.made_at))),
    )


def queue_seconds(session: Session, at: datetime) -> int:
    """Since when the oldest job is due that nobody has tried."""
    due = _first(Job.due_at, Job.state == "ready", Job.attempts == 0, Job.due_at <= at)
    return _seconds(_one(session, due), at)


def _payments(session: Session) -> tuple[datetime | None, int | None]:
    """When the last payment was, and how long the pause between the last ones was on average."""
    latest = select(Payment.paid_at).order_by(Payment.paid_at.desc()).limit(RECENT_PAYMENTS)
    times = list(session.execute(latest).scalars())
    if len(times) < 2:
        return (times[0] if times else None), None
    return times[0], int((times[0] - times[-1]).total_seconds()) // (len(times) - 1)


def _first(column: Any, *conditions: ColumnElement[bool]) -> Select[Any]:
    return select(func.min(column)).where(*conditions)


def _one(session: Session, statement: Select[Any]) -> Any:
    return session.execute(statement).scalar_one()


def _pair(session: Session, statement: Any) -> tuple[int, datetime | None]:
    count, moment = session.execute(statement).one()
    return count, moment


def _seconds(since: datetime | None, until: datetime) -> int:
    return max(0, int((until - since).total_seconds())) if since else 0

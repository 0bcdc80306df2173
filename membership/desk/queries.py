"""What the desk shows of the rooms below: jobs, letters that failed, the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, defer

from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.promises.queries import PromiseLine, listed
from membership.readers.models import Person
from membership.readers.trail import AuditEntry
from membership.webhooks.models import StripeEvent

PAGE = 50
JOBS_SHOWN = 200
LATE = timedelta(minutes=15)
"""An event of Stripe's that waits longer than this is told on the desk: its job gave up, or nobody works."""


@dataclass(frozen=True)
class Line:
    """A line of the audit trail; `actor` is empty for an operator on the console."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: dict[str, Any]


def parked_jobs(session: Session) -> int:
    """How many jobs gave up and wait for a person."""
    return session.execute(select(func.count()).where(Job.state == "parked")).scalar_one()


def failed_letters_count(session: Session) -> int:
    """How many letters were refused for good, of those that were written to one person alone."""
    alone = (Letter.state == "failed", Letter.mailing_id.is_(None))
    return session.execute(select(func.count()).where(*alone)).scalar_one()


def waiting_promises(session: Session, at: datetime) -> list[PromiseLine]:
    """Promises that nobody has taken up yet, and those that are late; the oldest first."""
    owed = [line for line in listed(session, at) if line.closed_at is None]
    return [line for line in owed if line.late or line.state == "accepted"]


def late_events(session: Session, at: datetime) -> int:
    """How many of Stripe's events came long enough ago and are not taken in."""
    late = (StripeEvent.state == "new", StripeEvent.received_at < at - LATE)
    return session.execute(select(func.count()).select_from(StripeEvent).where(*late)).scalar_one()


def jobs(session: Session) -> list[Job]:
    """The jobs there are: parked ones first, then running ones, then those that are due next."""
    order = case((Job.state == "parked", 0), (Job.state == "running", 1), else_=2)
    return list(session.execute(select(Job).order_by(order, Job.due_at, Job.id).limit(JOBS_SHOWN)).scalars())


def waiting_events(session: Session) -> list[StripeEvent]:
    """Stripe's events that are not taken in yet, the oldest first."""
    statement = select(StripeEvent).where(StripeEvent.state == "new").order_by(StripeEvent.received_at).limit(JOBS_SHOWN)
    return list(session.execute(statement.options(defer(StripeEvent.raw))).scalars())


def failed_letters(session: Session) -> list[Letter]:
    """Letters to one person alone that were refused for good, the newest first."""
    alone = (Letter.state == "failed", Letter.mailing_id.is_(None))
    statement = select(Letter).where(*alone).order_by(Letter.id.desc()).limit(JOBS_SHOWN)
    return list(session.execute(statement).scalars())


def trail_page(session: Session, *, before: int | None) -> tuple[list[Line], bool]:
    """Fifty entries, the newest first, older than the entry `before`; and whether there are older ones still."""
    statement = (
        select(
            AuditEntry.id, AuditEntry.at, AuditEntry.actor_id, AuditEntry.action, AuditEntry.object, AuditEntry.detail,
            Person.name, Person.email,
        )
        .outerjoin(Person, Person.reader_id == AuditEntry.actor_id)
        .order_by(AuditEntry.id.desc())
        .limit(PAGE + 1)
    )  # fmt: skip
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    rows = session.execute(statement).all()
    lines = [Line(row.id, row.at, _actor(row), row.action, row.object, row.detail) for row in rows[:PAGE]]
    return lines, len(rows) > PAGE


def _actor(row: Any) -> str:
    if row.actor_id is None:
        return ""
    return row.name or row.email or f"reader/{row.actor_id}"

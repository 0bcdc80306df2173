"""Is everything in order? Asked by `/readyz`, by `membership check`, and by the desk's start page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from membership import clock, schema
from membership.db import reading
from membership.desk.vitals import queue_seconds
from membership.gateway import client as gateway
from membership.jobs.models import WorkerBeat
from membership.readers.trail import first_break

BEAT_LIMIT = timedelta(seconds=60)


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its name, whether it is in order, and a plain word for operators (in English, as logs are)."""

    name: str
    ok: bool
    words: str

    def __str__(self) -> str:
        return f"{self.name}: {'ok' if self.ok else 'WRONG'} - {self.words}"


def readiness() -> list[Finding]:
    """Database, schema and worker, each looked at only while the one before is in order."""
    found = [_database()]
    if found[-1].ok:
        found.append(_schema())
    if found[-1].ok and len(found) == 2:
        found.append(_worker())
    return found


def whole_check() -> list[Finding]:
    """All of `readiness`, the audit trail and the Stripe key."""
    found = readiness()
    if any(one.name == "schema" and one.ok for one in found):
        found.append(_trail())
    return [*found, _stripe()]


def _database() -> Finding:
    try:
        with reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return Finding("database", False, f"does not answer ({type(error).__name__}). Look at DATABASE_URL.")
    return Finding("database", True, "answers")


def _schema() -> Finding:
    with reading() as session:
        current = schema.is_current(session.connection())
    words = "stands at this version" if current else "is older or newer than this version. Run: membership db upgrade"
    return Finding("schema", current, words)


def _worker() -> Finding:
    with reading() as session:
        alive, waits = worker_is_alive(session), queue_seconds(session, clock.now())
    if not alive:
        return Finding("worker", False, "was not seen in the last minute. Run: membership worker")
    behind = f"the oldest work that nobody has begun waits for {waits} s" if waits else "nothing waits for it"
    return Finding("worker", True, f"was seen in the last minute; {behind}")


def worker_is_alive(session: Session) -> bool:
    """Whether any worker's heart beat within the last 60 seconds of real time."""
    last = session.execute(select(func.max(WorkerBeat.at))).scalar_one_or_none()
    return last is not None and clock.wall() - last < BEAT_LIMIT


def _trail() -> Finding:
    with reading() as session:
        broken = first_break(session)
    words = "is whole" if broken is None else f"is broken from entry {broken} on: somebody changed it behind our back"
    return Finding("audit trail", broken is None, words)


def _stripe() -> Finding:
    try:
        name = gateway.account_name()
    except gateway.StripeUnreachable:
        return Finding("stripe", False, "does not answer. Is there a way to the internet?")
    except (gateway.StripeRefuses, gateway.StripeGone):
        return Finding("stripe", False, "does not accept STRIPE_SECRET_KEY, or the key may not read its own account")
    return Finding("stripe", True, f"the key opens the account {name}")

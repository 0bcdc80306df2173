"""What the worker does for the house as a whole: sweeping, every hour, in turns; every minute a look whether all is well."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading
from membership.desk.alarms import watch
from membership.desk.sweeping import sweep
from membership.desk.vitals import vitals
from membership.jobs.queue import Claimed, finishing, post
from membership.jobs.worker import Task

KEY = "desk.sweep"
EVERY = timedelta(hours=1)
WATCH = "desk.watch"
WATCH_EVERY = timedelta(minutes=1)


def ask_to_sweep(session: Session, *, at: datetime) -> None:
    """Have the house swept at `at`, and from then on every hour."""
    post(session, KEY, KEY, due_at=at)


def sweep_house(job: Claimed) -> None:
    """One turn; the next follows at once while there is more, else in an hour."""
    with finishing(job) as session:
        at = clock.now()
        ask_to_sweep(session, at=at if sweep(session, at=at) else at + EVERY)


def ask_to_watch(session: Session, *, at: datetime) -> None:
    """Have a look taken at `at`, and from then on every minute."""
    post(session, WATCH, WATCH, due_at=at)


def watch_house(job: Claimed) -> None:
    """One look: the figures first, without a writer's lock; then what they mean, and the next look."""
    at = clock.now()
    with reading() as session:
        now = vitals(session, at=at, wall=clock.wall())
    with finishing(job) as session:
        watch(session, now, at=at)
        ask_to_watch(session, at=at + WATCH_EVERY)


TASKS: dict[str, Task] = {KEY: sweep_house, WATCH: watch_house}

"""What the worker does for the house as a whole: sweeping, every hour, in turns."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.desk.sweeping import sweep
from membership.jobs.queue import Claimed, finishing, post
from membership.jobs.worker import Task

KEY = "desk.sweep"
EVERY = timedelta(hours=1)


def ask_to_sweep(session: Session, *, at: datetime) -> None:
    """Have the house swept at `at`, and from then on every hour."""
    post(session, KEY, KEY, due_at=at)


def sweep_house(job: Claimed) -> None:
    """One turn; the next follows at once while there is more, else in an hour."""
    with finishing(job) as session:
        at = clock.now()
        ask_to_sweep(session, at=at if sweep(session, at=at) else at + EVERY)


TASKS: dict[str, Task] = {KEY: sweep_house}

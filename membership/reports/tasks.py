"""What the worker does for reports: rolling movements up, every few minutes, in portions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading, transaction
from membership.jobs.queue import Claimed, finishing, post
from membership.jobs.worker import Task
from membership.newsroom.queries import current
from membership.reports import sums
from membership.reports.rolling import forget, roll, settled_upto

KEY = "reports.roll"
EVERY = timedelta(minutes=5)


def ask_to_roll(session: Session, *, at: datetime) -> None:
    """Have movements rolled up at `at`, and from then on every few minutes."""
    post(session, KEY, KEY, due_at=at)


def roll_up(job: Claimed) -> None:
    """One portion; the next follows at once while there is more."""
    zone, at = _zone(), clock.now()
    with transaction() as session:
        upto = settled_upto(session)
    others = sums.next_ones(at=at)
    with finishing(job) as session:
        more = roll(session, zone, upto, at=at)
        more = sums.roll(session, zone, others, at=at) or more
        ask_to_roll(session, at=at if more else at + EVERY)


def rebuild() -> Iterator[int]:
    """Throw the sums away and make them anew, in portions; tells the number of portions done. It may be interrupted."""
    zone = _zone()
    with transaction() as session:
        forget(session, zone, at=clock.now())
        sums.forget(session, zone, at=clock.now())
    with transaction() as session:
        upto = settled_upto(session)
    done, more = 0, True
    while more:
        others = sums.next_ones(at=clock.now())
        with transaction() as session:
            more = roll(session, zone, upto, at=clock.now())
            more = sums.roll(session, zone, others, at=clock.now()) or more
        done += 1
        yield done


def _zone() -> str:
    with reading() as session:
        newsroom = current(session)
        return newsroom.time_zone if newsroom else "UTC"


TASKS: dict[str, Task] = {KEY: roll_up}

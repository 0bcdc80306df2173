"""The worker: takes one job after another until it is told to stop. Any number of them may run, on any machine."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from membership import clock, logs
from membership.db import transaction
from membership.jobs.models import WorkerBeat
from membership.jobs.queue import DEATHS, LEASE, Claimed, LeaseLost, Park, claim, put_back

log = logging.getLogger(__name__)

Task = Callable[[Claimed], None]
BEAT_SECONDS = 10
IDLE_SECONDS = 0.5
DATABASE_AWAY_SECONDS = 2


def run_one(tasks: Mapping[str, Task], *, lease: timedelta = LEASE) -> bool:
    """Take one job that is due and do it; False when there was none. A failing task is put back, never lost."""
    job = claim(lease=lease)
    if job is None:
        return False
    do(job, tasks)
    return True


def do(job: Claimed, tasks: Mapping[str, Task]) -> None:
    """Do a job in hand. What goes wrong is written beside the job."""
    with logs.about(job=job.key, task=job.name):
        _do(job, tasks)


def _do(job: Claimed, tasks: Mapping[str, Task]) -> None:
    try:
        if job.attempts > DEATHS:
            raise Park(f"taken {DEATHS} times, and every worker that took it died or was too slow")
        tasks[job.name](job)
    except LeaseLost:
        log.warning("the lease was lost, nothing written")
    except Exception as error:
        log.exception("failed at try %s", job.attempts)
        put_back(job, error)


def settle_in() -> None:
    """What is in memory by now stays: the collector of garbage need not walk it again and again."""
    gc.collect()
    gc.freeze()


def run(tasks: Mapping[str, Task], *, lease: timedelta = LEASE) -> None:
    """Work until SIGTERM or SIGINT; the job in hand is finished first."""
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    name = f"{socket.gethostname()}:{os.getpid()}"
    beaten = 0.0
    settle_in()
    while not stop.is_set():
        try:
            now = clock.wall().timestamp()
            if now - beaten >= BEAT_SECONDS:
                _beat(name)
                beaten = now
            if not run_one(tasks, lease=lease):
                stop.wait(IDLE_SECONDS)
        except DBAPIError:
            # The database is restarting or locked. A job in hand keeps its lease and is taken again when that ends.
            log.exception("the database does not answer; trying again in %s s", DATABASE_AWAY_SECONDS)
            stop.wait(DATABASE_AWAY_SECONDS)


def _beat(worker: str) -> None:
    with transaction() as session:
        session.merge(WorkerBeat(worker=worker, at=clock.wall()))

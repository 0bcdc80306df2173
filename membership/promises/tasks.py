"""What the worker does for promises: making them when a ballot was counted, and writing to those who asked."""

from __future__ import annotations

from membership import clock
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task
from membership.promises import actions, overdue


def make(job: Claimed) -> None:
    """A counted ballot's winners become promises."""
    with finishing(job) as session:
        actions.make(session, job.payload["ballot"], at=clock.now())


def report_back(job: Claimed) -> None:
    """Write some of the letters; the rest is a job of its own again."""
    with finishing(job) as session:
        actions.report_back(session, job.payload["promise"], after=job.payload.get("after", 0), at=clock.now())


def watch(job: Claimed) -> None:
    """The day after a promised day: tell staff if it was not kept."""
    with finishing(job) as session:
        overdue.tell_staff(session, job.payload["promise"], at=clock.now())


def tell_late(job: Claimed) -> None:
    """Tell some of the readers that a promise is late; the rest is a job of its own again."""
    with finishing(job) as session:
        payload, at = job.payload, clock.now()
        overdue.tell_readers(session, payload["promise"], payload["due_on"], after=payload.get("after", 0), at=at)


TASKS: dict[str, Task] = {
    "promises.make": make,
    "promises.report_back": report_back,
    "promises.watch": watch,
    "promises.tell_late": tell_late,
}

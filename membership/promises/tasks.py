"""What the worker does for promises: making them when a ballot was counted, and writing to those who asked."""

from __future__ import annotations

from membership import clock
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task
from membership.promises import actions


def make(job: Claimed) -> None:
    """A counted ballot's winners become promises."""
    with finishing(job) as session:
        actions.make(session, job.payload["ballot"], at=clock.now())


def report_back(job: Claimed) -> None:
    """Write some of the letters; the rest is a job of its own again."""
    with finishing(job) as session:
        actions.report_back(session, job.payload["promise"], after=job.payload.get("after", 0), at=clock.now())


TASKS: dict[str, Task] = {"promises.make": make, "promises.report_back": report_back}

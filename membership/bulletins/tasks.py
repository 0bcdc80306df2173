"""What the worker does for bulletins: starting one at its time, gathering its recipients, withdrawing what was stopped."""

from __future__ import annotations

from membership import clock
from membership.bulletins import actions
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task


def start(job: Claimed) -> None:
    """Its time has come."""
    with finishing(job) as session:
        actions.start(session, job.payload["bulletin"], at=clock.now())


def gather(job: Claimed) -> None:
    """The next recipients; the rest is a job of its own again."""
    with finishing(job) as session:
        actions.gather(session, job.payload["bulletin"], at=clock.now())


def withdraw(job: Claimed) -> None:
    """The next of the letters that nobody gets any more."""
    with finishing(job) as session:
        actions.withdraw(session, job.payload["bulletin"], at=clock.now())


TASKS: dict[str, Task] = {"bulletins.start": start, "bulletins.gather": gather, "bulletins.withdraw": withdraw}

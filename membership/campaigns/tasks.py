"""What the worker does for campaigns: looking how far one is, closing it, and writing to those who gave."""

from __future__ import annotations

from membership import clock
from membership.campaigns import actions, telling
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task


def look(job: Claimed) -> None:
    """Milestones, and the end."""
    with finishing(job) as session:
        actions.look(session, job.payload["campaign"], at=clock.now())


def tell(job: Claimed) -> None:
    """Write some of the letters; the rest is a job of its own again."""
    with finishing(job) as session:
        said, at = job.payload, clock.now()
        telling.tell(session, said["campaign"], said["percent"], after=said.get("after", 0), at=at)


TASKS: dict[str, Task] = {actions.LOOK: look, actions.TELL: tell}

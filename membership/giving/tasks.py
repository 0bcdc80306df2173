"""What the worker does for giving: seeing whether a wave of declines is over."""

from __future__ import annotations

from membership import clock
from membership.giving import outcomes
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task


def calm(job: Claimed) -> None:
    """The wave ends by itself once the declines have become few."""
    with finishing(job) as session:
        outcomes.calm(session, at=clock.now())


TASKS: dict[str, Task] = {"giving.calm": calm}

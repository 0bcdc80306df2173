"""What the worker does for perks. Nothing here needs the network; both tasks may run twice without harm."""

from __future__ import annotations

from membership import clock
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task
from membership.perks import actions


def grant(job: Claimed) -> None:
    """A reader's standing changed, or there is a new perk: issue what is due to this one reader."""
    with finishing(job) as session:
        actions.grant_perks(session, job.payload["reader"], at=clock.now())


def issue(job: Claimed) -> None:
    """There is a new perk: one job for each of some patrons; the rest is a job of its own again."""
    with finishing(job) as session:
        actions.issue_to_all(session, job.payload["perk"], after=job.payload.get("after", 0), at=clock.now())


TASKS: dict[str, Task] = {"perks.grant": grant, "perks.issue": issue}

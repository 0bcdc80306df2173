"""What the worker does for perks. Nothing here needs the network; every task may run twice without harm."""

from __future__ import annotations

from flask import current_app

from membership import clock
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task
from membership.perks import actions, batches, keys, watch


def grant(job: Claimed) -> None:
    """A reader's standing changed, or there is a new perk, or a day came: bring this one reader's perks in step."""
    with finishing(job) as session:
        actions.grant_perks(session, job.payload["reader"], at=clock.now())


def issue(job: Claimed) -> None:
    """There is a new perk: one job for each of some patrons; the rest is a job of its own again."""
    with finishing(job) as session:
        actions.issue_to_all(session, job.payload["perk"], after=job.payload.get("after", 0), at=clock.now())


def look(job: Claimed) -> None:
    """The daily look for what no job of its own has brought in step, and whether the signing key is old."""
    with finishing(job) as session:
        watch.look(session, after=job.payload.get("after", 0), at=clock.now())
        if keys.in_use(session):
            keys.turn_over(session, current_app.config["MEMBERSHIP"].secret_key, at=clock.wall())


def batch(job: Claimed) -> None:
    """The next part of what staff do to many grants at once."""
    with finishing(job) as session:
        batches.work(session, job.payload["batch"], at=clock.now())


TASKS: dict[str, Task] = {actions.GRANT: grant, actions.ISSUE: issue, watch.WATCH: look, batches.BATCH: batch}

"""What the worker does for topics: telling those whom a change concerns, and writing the words of older topics."""

from __future__ import annotations

from membership import clock
from membership.jobs.queue import Claimed, finishing, post
from membership.jobs.worker import Task
from membership.topics import index, news


def tell(job: Claimed) -> None:
    """Some of the letters about a change; the rest is a job of its own again."""
    with finishing(job) as session:
        payload, at = job.payload, clock.now()
        news.tell(session, payload["topic"], payload["change"], after=payload.get("after", 0), at=at)


def put_in(job: Claimed) -> None:
    """The words of some topics that have none; it comes again while there may be more."""
    with finishing(job) as session:
        if index.put_in_missing(session):
            post(session, "topics.index", "topics.index", due_at=clock.now())


TASKS: dict[str, Task] = {"topics.tell": tell, "topics.index": put_in}

"""Having the worker look at a Stripe object again, by name: the rooms below the webhooks' floor wake it this way.

The job's key is the object's lease. It is spelled here and nowhere else: a second spelling would be a second lease.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from membership.jobs.queue import post, posting

TASK = "webhooks.take_in"


def lease_key(root_id: str) -> str:
    """The key of the job, and so the lease, under which an object is taken in."""
    return f"stripe:{root_id}"


def look_again(session: Session | Connection, root_id: str, *, at: datetime) -> None:
    """Fetch this object under its lease and take it in, as if Stripe had told of it."""
    post(session, TASK, lease_key(root_id), {"root": root_id}, due_at=at)


def looking(root_id: str, *, at: datetime) -> dict[str, Any]:
    """The parameters of that job, for a statement that posts it along with something else."""
    return posting(TASK, lease_key(root_id), {"root": root_id}, due_at=at)

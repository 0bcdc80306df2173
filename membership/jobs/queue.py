"""Posting, claiming and finishing jobs. Prepared statements: these run for every webhook and every letter."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, bindparam, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import TextClause

from membership import clock
from membership.db import UtcTime, run, transaction, writing

ATTEMPTS = 10
"""So many tries, then the job is parked for a person to look at."""
LEASE = timedelta(seconds=60)
DEATHS = 20
"""So many tries of which none was answered for: the workers that took this job died of it, or lost it, every time."""


class LeaseLost(Exception):
    """Somebody else holds the job by now; what was prepared under the stale lease is not written."""


class Park(Exception):
    """Raised by a task that knows that trying again cannot help; the job is parked with these words at once."""


@dataclass(frozen=True)
class Claimed:
    """A job in hand. `lease` proves it until somebody else claims the job; it lasts for `lasts` from then on."""

    id: int
    key: str
    name: str
    payload: dict[str, Any]
    attempts: int
    lease: str
    lasts: timedelta = LEASE


def _statement(sql: str) -> TextClause:
    times = [name for name in ("due_at", "posted_at", "leased_until", "now", "wall") if f":{name}" in sql]
    return text(sql).bindparams(*(bindparam(name, type_=UtcTime()) for name in times))


_INTO = """
    INSERT INTO job (key, name, payload, state, due_at, attempts, again, posted_at)
    {these}
    ON CONFLICT (key) DO UPDATE SET
        again = (job.state = 'running'),
        attempts = CASE WHEN job.state = 'parked' THEN 0 ELSE job.attempts END,
        state = CASE WHEN job.state = 'parked' THEN 'ready' ELSE job.state END,
        payload = excluded.payload,
        due_at = CASE WHEN (job.state = 'ready' OR job.again) AND job.due_at < excluded.due_at
            THEN job.due_at ELSE excluded.due_at END
"""
_POST = _statement(_INTO.format(these="VALUES (:key, :name, :payload, 'ready', :due_at, 0, false, :posted_at)"))
POST_FOR_EACH = _INTO.format(
    these="SELECT CAST(:key AS text), CAST(:name AS text), CAST(:payload AS json), 'ready',"
    " CAST(:due_at AS timestamptz), 0, false, CAST(:posted_at AS timestamptz) FROM {rows}"
)
"""The same for PostgreSQL as a part of a larger statement (one way to the server and back instead of two): posts the job
if `rows` has one. Its parameters are those of `posting`."""

# `=`, not `IN`: PostgreSQL may run a subquery under IN once per row, and then claims more jobs than it hands out.
_CLAIM = """
    UPDATE job SET state = 'running', lease = :lease, leased_until = :leased_until, attempts = attempts + 1
    WHERE id = (
        SELECT id FROM job
        WHERE (state = 'ready' AND due_at <= :now) OR (state = 'running' AND leased_until < :wall)
        ORDER BY due_at LIMIT 1 {locking}
    )
    RETURNING id, key, name, payload, attempts, lease
"""
_CLAIM_NEXT = {
    "sqlite": _statement(_CLAIM.format(locking="")),
    "postgresql": _statement(_CLAIM.format(locking="FOR UPDATE SKIP LOCKED")),
}
_CLAIM_KEY = _statement("""
    UPDATE job SET state = 'running', lease = :lease, leased_until = :leased_until, attempts = attempts + 1
    WHERE key = :key AND (state IN ('ready', 'parked') OR (state = 'running' AND leased_until < :wall))
    RETURNING id, key, name, payload, attempts, lease
""")
_KEEP = _statement("UPDATE job SET leased_until = :leased_until WHERE id = :id AND lease = :lease")
_DONE = text("DELETE FROM job WHERE id = :id AND lease = :lease AND NOT again")
_DUE_AGAIN = text("""
    UPDATE job SET state = 'ready', again = false, attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL
    WHERE id = :id AND lease = :lease
""")
_FAILED = _statement("""
    UPDATE job SET state = CASE WHEN again THEN 'ready' ELSE :state END,
        due_at = CASE WHEN again AND due_at < :due_at THEN due_at ELSE :due_at END,
        lease = NULL, leased_until = NULL, again = false, last_error = :error, attempts = :attempts
    WHERE id = :id AND lease = :lease
""").bindparams(bindparam("error", type_=Text()))


def post(
    session: Session | Connection, name: str, key: str, payload: dict[str, Any] | None = None, *, due_at: datetime
) -> None:
    """Write a job in the caller's transaction. `name` is `room.task`; the earlier of two due times counts."""
    post_as(session, posting(name, key, payload, due_at=due_at))


def post_as(session: Session | Connection, made: dict[str, Any]) -> None:
    """The same for what `posting` made."""
    run(session, _POST, made)


def post_each(session: Session | Connection, postings: Sequence[dict[str, Any]]) -> None:
    """The same for many jobs at once, each made by `posting`; in the order of their keys, so that two such never wait for
    each other."""
    if postings:
        session.execute(_POST, sorted(postings, key=lambda one: str(one["key"])))


def posting(name: str, key: str, payload: dict[str, Any] | None = None, *, due_at: datetime) -> dict[str, Any]:
    """The parameters of a job's statement."""
    return {"key": key, "name": name, "payload": json.dumps(payload or {}), "due_at": due_at, "posted_at": clock.wall()}


def claim(*, lease: timedelta = LEASE) -> Claimed | None:
    """The next job that is due, or one whose holder died; None when there is nothing to do."""
    with writing() as connection:
        statement = _CLAIM_NEXT[connection.dialect.name]
        row = run(connection, statement, _lease_values(lease) | {"now": clock.now()}).first()
    return _claimed(row, lease) if row else None


def claim_key(key: str, *, lease: timedelta = LEASE) -> Claimed | None:
    """This very job, due or not, unless somebody holds it; None when there is none to have."""
    with writing() as connection:
        row = run(connection, _CLAIM_KEY, _lease_values(lease) | {"key": key}).first()
    return _claimed(row, lease) if row else None


def keep(books: Connection, job: Claimed) -> None:
    """For a job of many steps, each a transaction of its own that begins with this: the lease is ours still, and begins
    anew. Raises `LeaseLost`."""
    values = {"id": job.id, "lease": job.lease, "leased_until": clock.wall() + job.lasts}
    if not run(books, _KEEP, values).rowcount:
        raise LeaseLost(job.key)


@contextmanager
def finishing(job: Claimed) -> Iterator[Session]:
    """The transaction in which a task writes its results and its job ends, both or neither. Raises `LeaseLost`."""
    with transaction() as session:
        _end(session, job)
        yield session


@contextmanager
def ending(job: Claimed) -> Iterator[Connection]:
    """The same without a session, where prepared statements are all that there is to write."""
    with writing() as connection:
        _end(connection, job)
        yield connection


def _end(books: Session | Connection, job: Claimed) -> None:
    hold = {"id": job.id, "lease": job.lease}
    if not run(books, _DONE, hold).rowcount and not run(books, _DUE_AGAIN, hold).rowcount:
        raise LeaseLost(job.key)


def put_back(job: Claimed, error: BaseException) -> None:
    """The task failed: due again after a pause that doubles, or parked after `ATTEMPTS` tries or on `Park`.

    An error that `passes` by itself says that somebody else is away (Stripe, the mail server): however long that lasts, it
    does not park what people wait for; the job comes again every twenty minutes.
    """
    passes = getattr(error, "passes", False)
    parked = isinstance(error, Park) or (job.attempts >= ATTEMPTS and not passes)
    pause = timedelta(seconds=min(5 * 2 ** (job.attempts - 1), 1200 if passes else 3600))
    with transaction() as session:
        session.execute(
            _FAILED,
            {
                "id": job.id,
                "lease": job.lease,
                "state": "parked" if parked else "ready",
                "due_at": clock.now() + pause,
                "error": f"{type(error).__name__}: {error}"[:2000],
                "attempts": min(job.attempts, ATTEMPTS - 1) if passes else job.attempts,
            },
        )


def _lease_values(lease: timedelta) -> dict[str, Any]:
    wall = clock.wall()
    return {"lease": secrets.token_hex(12), "leased_until": wall + lease, "wall": wall}


def _claimed(row: Any, lease: timedelta) -> Claimed:
    payload = json.loads(row.payload) if isinstance(row.payload, str) else row.payload
    return Claimed(row.id, row.key, row.name, payload, row.attempts, row.lease, lease)

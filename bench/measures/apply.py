"""`apply`: renewals taken in per second by one worker, beside the same writes in the same transactions by the bare driver.

Stripe's answers are prepared. A renewal is three events about two objects: `invoice.paid` and the subscription's change,
and the payment's own success. The floor plays back every INSERT, UPDATE and DELETE that ours made, with its commits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from bench import prepared
from bench.frame import Figure, Ground, turn_by_turn
from bench.inbox import RENEWAL, keep
from bench.people import patrons
from membership import db
from membership.app import connect_outside, create_app
from membership.db import engine_for
from membership.jobs.worker import run_one
from membership.webhooks.tasks import TASKS

RENEWALS = 1_000
Played = list[tuple[str, Any]]


def measure(ground: Ground) -> Mapping[str, Figure]:
    count = ground.size(RENEWALS)
    with ground.fresh() as url:
        patrons(url, count)
        engine = engine_for(url)
        told = [(kind, f"sub_{n}") for n in range(count) for kind in RENEWAL]
        events = keep(engine, told + [("payment_intent.succeeded", f"pi_{n}") for n in range(count)])
        engine.dispose()
        connect_outside(ground.config(url))
        app = create_app(ground.config(url))
        prepared.answer_here()

        def ours(_number: int) -> float:
            with ground.copy(url) as copy, opened(copy), app.app_context():
                return events / work(2 * count)

        def floor(_number: int) -> float:
            with ground.copy(url) as copy, opened(copy) as at:
                return events / play(at, recorded)

        with ground.copy(url) as copy, opened(copy) as at, app.app_context():
            recorded = record(at, 2 * count)
        return {"apply": Figure("events/s", *turn_by_turn(ours, floor), said=f"{events} events")}


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = engine_for(url)
    db.bind(engine)
    with engine.connect():
        pass  # the first connection is not part of it
    yield engine
    engine.dispose()


def work(jobs: int) -> float:
    """Do so many jobs; seconds. The letters that they post are due later than any event."""
    began = time.perf_counter()
    for _ in range(jobs):
        assert run_one(TASKS)
    return time.perf_counter() - began


def record(engine: Engine, jobs: int) -> Played:
    """Ours, once, with every writing statement and where the commits were (None)."""
    played: Played = []

    @event.listens_for(engine, "before_cursor_execute")
    def _(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            played.extend((statement, one) for one in (values if many else [values]))

    @event.listens_for(engine, "commit")
    def _(_connection: Any) -> None:
        if played and played[-1][0]:
            played.append(("", None))

    work(jobs)
    return played


def play(engine: Engine, played: Played) -> float:
    """The same writes by the driver alone; seconds."""
    connection = engine.raw_connection()
    cursor = connection.cursor()
    sqlite = engine.dialect.name == "sqlite"
    begun = False
    began = time.perf_counter()
    for statement, values in played:
        if not statement:
            connection.commit()
            begun = False
            continue
        if sqlite and not begun:
            cursor.execute("BEGIN IMMEDIATE")
            begun = True
        cursor.execute(statement, values)
        if cursor.description:
            cursor.fetchall()
    took = time.perf_counter() - began
    connection.close()
    return took

"""`apply`: renewals taken in per second by one worker, beside the same writes in the same transactions by the bare driver.

Stripe's answers are prepared. A renewal is three events about two objects: `invoice.paid` and the subscription's change,
and the payment's own success. The floor plays back every INSERT, UPDATE and DELETE that ours made, with its commits. Both
begin warm: the first renewals, which find no statement compiled and no page in memory, are not timed.
"""

from __future__ import annotations

import itertools
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
from membership.jobs.worker import run_one, settle_in
from membership.webhooks.tasks import TASKS

RENEWALS = 1_000
WARM = 10
"""So many renewals before the clock runs, of two jobs each."""
Played = list[tuple[str, Any, bool]]
"""A statement, its values, and whether they are several rows; an empty statement is a commit."""


def measure(ground: Ground) -> Mapping[str, Figure]:
    count = ground.size(RENEWALS)
    with ground.fresh() as url:
        patrons(url, WARM + count)
        engine = engine_for(url)
        renewals = range(WARM + count)
        subscriptions = [[(kind, f"sub_{n}") for kind in RENEWAL] for n in renewals]
        payments = [[("payment_intent.succeeded", f"pi_{n}")] for n in renewals]
        order = subscriptions[:WARM] + payments[:WARM] + subscriptions[WARM:] + payments[WARM:]
        events = keep(engine, itertools.chain.from_iterable(order)) - 3 * WARM
        engine.dispose()
        connect_outside(ground.config(url))
        app = create_app(ground.config(url))
        prepared.answer_here()

        def ours(_number: int) -> float:
            with ground.copy(url) as copy, opened(copy), app.app_context():
                work(2 * WARM)
                settle_in()  # as the worker does when it starts
                return events / work(2 * count)

        def floor(_number: int) -> float:
            with ground.copy(url) as copy, opened(copy) as at:
                play(at, warm)
                return events / play(at, recorded)

        with ground.copy(url) as copy, opened(copy) as at, app.app_context():
            warm, recorded = record(at, 2 * WARM), record(at, 2 * count)
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

    def statement(_connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            played.append((sql, values, many))

    def commit(_connection: Any) -> None:
        if played and played[-1][0]:
            played.append(("", None, False))

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    work(jobs)
    event.remove(engine, "before_cursor_execute", statement)
    event.remove(engine, "commit", commit)
    return played


def play(engine: Engine, played: Played) -> float:
    """The same writes by the driver alone; seconds."""
    connection = engine.raw_connection()
    cursor = connection.cursor()
    sqlite = engine.dialect.name == "sqlite"
    begun = False
    began = time.perf_counter()
    for statement, values, many in played:
        if not statement:
            connection.commit()
            begun = False
            continue
        if sqlite and not begun:
            cursor.execute("BEGIN IMMEDIATE")
            begun = True
        if many:
            cursor.executemany(statement, values)
            continue
        cursor.execute(statement, values)
        if cursor.description:
            cursor.fetchall()
    took = time.perf_counter() - began
    connection.close()
    return took

"""What the worker does for reports: rolling movements and money up, every few minutes, in portions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading, transaction
from membership.jobs.queue import Claimed, finishing, post
from membership.jobs.worker import Task
from membership.newsroom.queries import current
from membership.reports import rolling_money
from membership.reports.rolling import forget, roll, settled_upto

KEY = "reports.roll"
EVERY = timedelta(minutes=5)


def ask_to_roll(session: Session, *, at: datetime) -> None:
    """Have movements rolled up at `at`, and from then on every few minutes."""
    post(session, KEY, KEY, due_at=at)


def roll_up(job: Claimed) -> None:
    """One portion; the next follows at once while there is more."""
    zone, at = _zone(), clock.now()
    upto, ledger_upto = _settled()
    with finishing(job) as session:
        more = _portion(session, zone, upto, ledger_upto, at=at)
        ask_to_roll(session, at=at if more else at + EVERY)


def rebuild() -> Iterator[int]:
    """Throw the sums away and make them anew, in portions; tells the number of portions done. It may be interrupted."""
    zone = _zone()
    with transaction() as session:
        forget(session, zone, at=clock.now())
    upto, ledger_upto = _settled()
    done, more = 0, True
    while more:
        with transaction() as session:
            more = _portion(session, zone, upto, ledger_upto, at=clock.now())
        done += 1
        yield done


def _settled() -> tuple[int, int]:
    """Up to which movement and ledger line no other can still appear; each in a short transaction of its own."""
    with transaction() as session:
        upto = settled_upto(session)
    with transaction() as session:
        return upto, rolling_money.settled_upto(session)


def _portion(session: Session, zone: str, upto: int, ledger_upto: int, *, at: datetime) -> bool:
    more = roll(session, zone, upto, at=at)
    return rolling_money.roll(session, zone, ledger_upto) or more


def _zone() -> str:
    with reading() as session:
        newsroom = current(session)
        return newsroom.time_zone if newsroom else "UTC"


TASKS: dict[str, Task] = {KEY: roll_up}

"""What the worker does for reports: rolling movements and money up, every few minutes, in portions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading, transaction
from membership.dunning.models import UnpaidInvoice
from membership.jobs.queue import Claimed, finishing, post
from membership.jobs.worker import Task
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import patrons_at
from membership.newsroom.queries import current
from membership.reports import lapsed, recovery, rolling_money, snapshots, sums
from membership.reports.frame import Asked
from membership.reports.lines import month_of
from membership.reports.money_models import LapsedMonth, RecoveryMonth
from membership.reports.rolling import forget, roll, settled_upto

KEY = "reports.roll"
EVERY = timedelta(minutes=5)


def ask_to_roll(session: Session, *, at: datetime) -> None:
    """Have movements rolled up at `at`, and from then on every few minutes."""
    post(session, KEY, KEY, due_at=at)


def roll_up(job: Claimed) -> None:
    """One portion; the next follows at once while there is more."""
    zone, at = _zone(), clock.now()
    _take_snapshots(zone, at)
    upto, ledger_upto = _settled()
    others = sums.next_ones(at=at)
    with finishing(job) as session:
        more = _portion(session, zone, upto, ledger_upto, at=at)
        more = sums.roll(session, zone, others, at=at) or more
        ask_to_roll(session, at=at if more else at + EVERY)


def rebuild() -> Iterator[int]:
    """Throw the sums away and make them anew, in portions; tells the number of portions done. It may be interrupted."""
    zone = _zone()
    with transaction() as session:
        forget(session, zone, at=clock.now())
        sums.forget(session, zone, at=clock.now())
    upto, ledger_upto = _settled()
    done, more = 0, True
    while more:
        others = sums.next_ones(at=clock.now())
        with transaction() as session:
            more = _portion(session, zone, upto, ledger_upto, at=clock.now())
            more = sums.roll(session, zone, others, at=clock.now()) or more
        done += 1
        yield done
    _take_snapshots(zone, clock.now(), anew=True)


def _take_snapshots(zone: str, at: datetime, *, anew: bool = False) -> None:
    """Those that are due, by default an hour after the last; each is read first, and then written in a moment."""
    for report, table, column, read in SNAPSHOTS:
        with reading() as session:
            last = snapshots.made_at(session, report, zone)
            if not snapshots.are_many(session, column) or (last and at < last + snapshots.EVERY and not anew):
                continue
            first = session.execute(select(func.min(Movement.at))).scalar_one_or_none() or at
            rows = read(session, Asked(at, zone, "EUR", month_of(first, zone), month_of(at, zone)))
        with transaction() as session:
            snapshots.keep(session, report, table, rows, zone=zone, at=at)
    _count_patrons(zone, at, anew=anew)


def _count_patrons(zone: str, at: datetime, *, anew: bool) -> None:
    with reading() as session:
        last = snapshots.made_at(session, "patrons", zone)
        if not snapshots.are_many(session, Membership.id) or (last and at < last + snapshots.EVERY and not anew):
            return
        number = patrons_at(session, at)
    with transaction() as session:
        snapshots.keep_number(session, "patrons", number, zone=zone, at=at)


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


SNAPSHOTS: tuple[tuple[str, snapshots.Taken, Any, Callable[[Session, Asked], list[dict[str, Any]]]], ...] = (
    ("recovery", RecoveryMonth, UnpaidInvoice.id, recovery.snapshot),
    ("lapsed", LapsedMonth, Movement.id, lapsed.snapshot),
)
TASKS: dict[str, Task] = {KEY: roll_up}

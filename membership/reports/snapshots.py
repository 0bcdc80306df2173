"""Sums of what changes afterwards (a failed payment that comes back, somebody who returns): taken anew every hour where there
is so much of it that a page would have to wait; everywhere else the reports reckon by themselves, and are of this moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from membership.reports.frame import Asked, Part
from membership.reports.money_models import LapsedMonth, RecoveryMonth, Snapshot
from membership.web.locale import moment

MANY = 20_000
"""From so many rows on, a snapshot is taken."""
EVERY = timedelta(hours=1)
AT_ONCE = 1000
Taken = type[RecoveryMonth] | type[LapsedMonth]


def keys(table: Taken) -> list[str]:
    """What a table of sums tells by."""
    return [column.name for column in table.__table__.primary_key]


def made_at(session: Session, report: str, zone: str) -> datetime | None:
    """When the snapshot of a report was taken; None: there is none for months of this zone, and it reckons by itself."""
    statement = select(Snapshot.made_at).where(Snapshot.report == report, Snapshot.zone == zone)
    return session.execute(statement).scalar_one_or_none()


def of(table: Taken, asked: Asked) -> list[ColumnElement[bool]]:
    """What was asked, as conditions on a table of sums."""
    wishes = ((table.currency, asked.currency), (table.tier_id, asked.tier_id), (table.source, asked.source))
    chosen = [column == wish for column, wish in wishes if wish is not None]
    return [table.month >= asked.since, table.month <= asked.until, *chosen]


def are_many(session: Session, column: Any) -> bool:
    """Whether a table, by its number, has so many rows that a page would have to wait for them."""
    return bool(session.execute(select(func.coalesce(func.max(column), 0))).scalar_one() > MANY)


def keep(session: Session, report: str, table: Taken, rows: list[dict[str, Any]], *, zone: str, at: datetime) -> None:
    """Put new sums in the place of the old ones."""
    drop(session, report, table)
    for begin in range(0, len(rows), AT_ONCE):
        session.execute(insert(table), rows[begin : begin + AT_ONCE])
    session.execute(insert(Snapshot).values(report=report, zone=zone, made_at=at))


def keep_number(session: Session, report: str, number: int, *, zone: str, at: datetime) -> None:
    """Put a new figure in the place of the old one."""
    session.execute(delete(Snapshot).where(Snapshot.report == report))
    session.execute(insert(Snapshot).values(report=report, zone=zone, made_at=at, number=number))


def number_of(session: Session, report: str) -> tuple[int, datetime] | None:
    """The figure as it was taken, and when; None: there is none, and it is reckoned."""
    row = session.execute(select(Snapshot.number, Snapshot.made_at).where(Snapshot.report == report)).first()
    return (row[0], row[1]) if row and row[0] is not None else None


def drop(session: Session, report: str, table: Taken) -> None:
    """Without sums a report reckons by itself."""
    session.execute(delete(table))
    session.execute(delete(Snapshot).where(Snapshot.report == report))


def dated(session: Session, report: str, asked: Asked, parts: list[Part]) -> list[Part]:
    """Parts made of a snapshot say so."""
    at = made_at(session, report, asked.zone)
    if at is None:
        return parts
    when = moment(at, asked.zone).striptags()
    words = gettext("The figures are those of %(moment)s; they are taken every hour.", moment=when)
    return [replace(parts[0], how=f"{parts[0].how} {words}"), *parts[1:]]

"""How far the sums reach that are made of tables which only grow, and how they are begun anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.giving.models import Payment
from membership.memberships.models import Movement
from membership.perks.models import PerkStep
from membership.reports.rolling import nobody_writes
from membership.reports.way_models import PerkMonth, RollMark, Stay, TouchMonth

SOURCES: dict[str, Any] = {"movement": Movement, "payment": Payment, "perk_step": PerkStep}
Marks = dict[str, RollMark]


def settled(session: Session, source: str) -> int:
    """The number of the last row below which no other can still appear; see `rolling.settled_upto`. In a transaction of its
    own, and a short one."""
    if not nobody_writes(session, source):
        return 0
    table = SOURCES[source]
    return session.execute(select(func.coalesce(func.max(table.id), 0))).scalar_one()


def held(session: Session, zone: str, *, at: datetime) -> Marks:
    """All marks, their rows held. In another time zone than the sums were made for, they begin anew."""
    for source in SOURCES:
        insert_once(session, RollMark, source=source, zone=zone, upto=0, rolled_at=at)
    rows = session.execute(select(RollMark).order_by(RollMark.source).with_for_update()).scalars()
    marks = {row.source: row for row in rows}
    if any(mark.zone != zone for mark in marks.values()):
        _begin_anew(session, marks.values(), zone)
    return marks


def forget(session: Session, zone: str, *, at: datetime) -> None:
    """Throw the sums away."""
    _begin_anew(session, held(session, zone, at=at).values(), zone)
    session.flush()


def _begin_anew(session: Session, marks: Iterable[RollMark], zone: str) -> None:
    for table in (TouchMonth, PerkMonth, Stay):
        session.execute(delete(table))
    for mark in marks:
        mark.zone, mark.upto = zone, 0

"""Sums of what became of perks: each step of a grant is a way from one state to another, in a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, aliased

from membership.perks.models import PerkGrant, PerkStep
from membership.reports.lines import month_of
from membership.reports.marks import Marks
from membership.reports.way_models import PerkMonth, RollMark

KEYS = ("perk_id", "month", "was", "state")
Ways = Counter[tuple[int, str, str, str]]
"""How many grants of a perk came in a month from one state to another."""


def roll(session: Session, marks: Marks, zone: str, upto: Mapping[str, int], *, at: datetime, most: int) -> bool:
    """Add the next steps up to this number; whether there are more. The marks are held."""
    mark = marks["perk_step"]
    last = min(upto["perk_step"], mark.upto + most)
    if last <= mark.upto:
        return False
    found = Counter(_steps(session, zone, mark.upto, last))
    rows = [dict(zip(KEYS, key, strict=True)) | {"number": number} for key, number in sorted(found.items())]
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    if rows:
        statement = insert(PerkMonth)
        more = {"number": PerkMonth.number + statement.excluded.number}
        session.connection().execute(statement.on_conflict_do_update(index_elements=list(KEYS), set_=more), rows)
    mark.upto, mark.rolled_at = last, at
    return last < upto["perk_step"]


def perk_ways(session: Session, zone: str, *, until: str) -> Ways:
    """All of them up to a month; the sums, and how far they reach, from one statement, and what is not in them yet."""
    reach = select(RollMark.upto).where(RollMark.source == "perk_step", RollMark.zone == zone)
    rolled = select(
        PerkMonth.perk_id, PerkMonth.month, PerkMonth.was, PerkMonth.state, PerkMonth.number
    ).where(PerkMonth.month <= until, reach.exists())  # fmt: skip
    none = literal("")
    mark = select(func.coalesce(reach.scalar_subquery(), 0), none, none, none, literal(0))
    found, upto = Ways(), 0
    for perk_id, month, was, state, number in session.execute(union_all(rolled, mark)):
        if month:
            found[perk_id, month, was, state] += int(number)
        else:
            upto = int(perk_id)
    found.update(way for way in _steps(session, zone, upto, None) if way[1] <= until)
    return found


def _steps(session: Session, zone: str, after: int, upto: int | None) -> Iterator[tuple[int, str, str, str]]:
    """The steps behind number `after`, each with the state that its grant had before."""
    before = aliased(PerkStep)
    was = (
        select(before.state)
        .where(before.grant_id == PerkStep.grant_id, before.id < PerkStep.id)
        .order_by(before.id.desc())
        .limit(1)
        .correlate(PerkStep)
        .scalar_subquery()
    )
    statement = (
        select(PerkGrant.perk_id, PerkStep.at, func.coalesce(was, "").label("was"), PerkStep.state)
        .join(PerkGrant, PerkGrant.id == PerkStep.grant_id)
        .where(PerkStep.id > after, *([PerkStep.id <= upto] if upto is not None else []))
    )
    for row in session.execute(statement).yield_per(1000):
        yield row.perk_id, month_of(row.at, zone), row.was, row.state

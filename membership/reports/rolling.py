"""Rolling up: movements become sums by month, each once. What is not rolled up yet is added when a report is read, so the
figures are never behind; the sums only make them cheap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, func, literal, select, text, union_all
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, aliased

from membership.db import Base
from membership.giving.touch_models import CheckoutTouch
from membership.memberships.models import Membership, Movement
from membership.reports.lines import BEGINS, Fact, Line, SpellLine, lines_of, source_of, spell_line_of
from membership.reports.models import CohortMonth, MovementMonth, RollUp
from membership.reports.money_models import LedgerMonth, PayoutSum, SpellMonth
from membership.reports.rules import month_later

AT_ONCE = 5000
_SUMS = ("number", "paying", "members", "yearly")
_SPELL_SUMS = ("begun", "chosen", "failed", "yearly")
Summed = type[MovementMonth] | type[CohortMonth] | type[SpellMonth]


@dataclass(frozen=True)
class Wanted:
    """Which movements a report is about: of one currency, tier or source, or (None) of all; until the end of a month."""

    until: str
    currency: str | None = None
    tier_id: int | None = None
    source: str | None = None

    def takes(self, line: Line | SpellLine) -> bool:
        """Whether a line belongs to it."""
        return line.month <= self.until and all(
            wish is None or wish == value
            for wish, value in ((self.currency, line.currency), (self.tier_id, line.tier_id), (self.source, line.source))
        )

    def of(self, table: Summed) -> list[ColumnElement[bool]]:
        """The same as conditions on a table of sums."""
        wishes = ((table.currency, self.currency), (table.tier_id, self.tier_id), (table.source, self.source))
        return [table.month <= self.until, *(column == wish for column, wish in wishes if wish is not None)]


def nobody_writes(session: Session, table: str) -> bool:
    """Hold a table until this transaction ends, once nobody is writing to it; False if that is not so within a second. Who
    writes queues behind whoever waits for this, and payments must not wait for a report."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    try:
        with session.begin_nested():
            session.execute(text("SET LOCAL lock_timeout = '1s'"))
            session.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
    except OperationalError:
        return False
    return True


def settled_upto(session: Session) -> int:
    """The number of the last movement below which no other can still appear. A transaction of its own, and a short one.

    Numbers are given out before they are committed: on PostgreSQL this waits for those who write movements just now. 0 if
    that takes too long: then nothing is rolled this time, and reports add what stands behind the mark.
    """
    if not nobody_writes(session, "movement"):
        return 0
    return session.execute(select(func.coalesce(func.max(Movement.id), 0))).scalar_one()


def roll(session: Session, zone: str, upto: int, *, at: datetime, most: int = AT_ONCE) -> bool:
    """Add the next movements up to number `upto` to the sums; whether there are more. In another time zone than the sums
    were made for, months begin at other moments: then they begin anew."""
    state = _state(session, zone, at=at)
    if state.zone != zone:
        _forget(session)
        state.zone, state.upto, state.ledger_upto, state.payout_upto = zone, 0, 0, 0
    last = min(upto, state.upto + most)
    if last > state.upto:
        _add(session, list(facts(session, after=state.upto, upto=last)), zone)
        state.upto, state.rolled_at = last, at
    session.flush()
    return last < upto


def forget(session: Session, zone: str, *, at: datetime) -> None:
    """Throw the sums away. Reports stay right meanwhile, and are slow until they are made anew."""
    state = _state(session, zone, at=at)
    _forget(session)
    state.zone, state.upto, state.ledger_upto, state.payout_upto = zone, 0, 0, 0
    session.flush()


def _state(session: Session, zone: str, *, at: datetime) -> RollUp:
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    session.execute(insert(RollUp).values(id=1, zone=zone, upto=0, rolled_at=at).on_conflict_do_nothing())
    return session.execute(select(RollUp).with_for_update()).scalar_one()


def _forget(session: Session) -> None:
    for table in (MovementMonth, CohortMonth, SpellMonth, LedgerMonth, PayoutSum):
        session.execute(delete(table))


def _add(session: Session, found: list[Fact], zone: str) -> None:
    lines = [line for fact in found for line in lines_of(fact, zone)]
    upsert(session, MovementMonth, _SUMS, lines)
    upsert(session, CohortMonth, _SUMS, [replace(line, number=int(line.kind == "new")) for line in lines])
    upsert(session, SpellMonth, _SPELL_SUMS, [spell_line_of(fact, zone) for fact in found])


def upsert(session: Session, table: type[Base], sums: Sequence[str], lines: Iterable[Any]) -> None:
    """Add lines to the sums of their keys."""
    keys = [column.name for column in table.__table__.primary_key]
    added: dict[tuple[Any, ...], list[int]] = {}
    for line in lines:
        key, values = tuple(getattr(line, name) for name in keys), [getattr(line, name) for name in sums]
        added[key] = [a + b for a, b in zip(added.get(key, [0] * len(sums)), values, strict=True)]
    if not added:
        return
    rows = [dict(zip([*keys, *sums], [*key, *values], strict=True)) for key, values in sorted(added.items())]
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = insert(table)
    more = {name: table.__table__.c[name] + getattr(statement.excluded, name) for name in sums}
    session.connection().execute(statement.on_conflict_do_update(index_elements=keys, set_=more), rows)


def facts(session: Session, *, after: int, upto: int | None = None) -> Iterator[Fact]:
    """The movements behind number `after` (up to `upto`), with what follows from their neighbours."""
    meant = [Movement.id > after, *([Movement.id <= upto] if upto is not None else [])]
    if session.execute(select(Movement.id).where(*meant).limit(1)).first() is None:
        return
    one = aliased(Movement)
    whole = (
        select(
            one.id, one.membership_id, one.reader_id, one.kind, one.currency, one.yearly, one.at, one.tier_id,
            func.lag(one.tier_id).over(partition_by=one.membership_id, order_by=one.sequence).label("tier_before"),
            (func.sum(one.yearly).over(partition_by=one.membership_id, order_by=one.sequence) - one.yearly).label("before"),
            func.max(case((one.kind.in_(BEGINS), one.sequence)))
            .over(partition_by=one.membership_id, order_by=one.sequence).label("spell"),
        )
        .where(one.membership_id.in_(select(Movement.membership_id).where(*meant)))
        .subquery()
    )  # fmt: skip
    first_id = (
        select(func.min(Movement.id).label("id"), Movement.reader_id)
        .where(Movement.reader_id.in_(select(Movement.reader_id).where(*meant)))
        .group_by(Movement.reader_id)
        .subquery()
    )
    first, began, spell = aliased(Movement), aliased(Membership), aliased(Movement)
    statement = (
        select(
            whole, func.coalesce(began.pledged_since, first.at).label("joined"), Membership.adopted_at,
            Membership.pledged_since, Membership.article_id, CheckoutTouch.campaign, CheckoutTouch.utm_campaign,
            CheckoutTouch.utm_source, CheckoutTouch.utm_medium, CheckoutTouch.from_host, CheckoutTouch.thanks,
            func.coalesce(spell.at, whole.c.at).label("began"),
            func.coalesce(spell.tier_id, whole.c.tier_id).label("tier_began"),
        )
        .join(Membership, Membership.id == whole.c.membership_id)
        .outerjoin(CheckoutTouch, CheckoutTouch.checkout_id == Membership.checkout_id)
        .join(first_id, first_id.c.reader_id == whole.c.reader_id)
        .join(first, first.id == first_id.c.id)
        .join(began, began.id == first.membership_id)
        .outerjoin(spell, (spell.membership_id == whole.c.membership_id) & (spell.sequence == whole.c.spell))
        .where(whole.c.id > after, *([whole.c.id <= upto] if upto is not None else []))
        .order_by(whole.c.id)
    )  # fmt: skip
    for row in session.execute(statement).yield_per(1000):
        source = source_of(
            brought=row.adopted_at is not None or row.pledged_since is not None, article=row.article_id is not None,
            campaign=bool(row.campaign or row.utm_campaign), friend=row.thanks is not None,
            link=bool(row.utm_source or row.utm_medium or row.from_host),
        )  # fmt: skip
        yield Fact(
            row.id, row.kind, row.currency, int(row.yearly), row.at, row.tier_id, int(row.before), row.tier_before,
            row.joined, source, row.began, row.tier_began,
        )  # fmt: skip


def movement_lines(session: Session, zone: str, wanted: Wanted) -> list[Line]:
    """The sums by month, currency and kind up to a month; tiers and sources are added up."""
    sums = [func.sum(getattr(MovementMonth, name)).label(name) for name in _SUMS]
    keys = (MovementMonth.month, MovementMonth.currency, MovementMonth.kind)
    rolled = select(literal("").label("cohort"), *keys, *sums).where(*wanted.of(MovementMonth)).group_by(*keys)
    return _with_fresh(session, rolled, zone, wanted)


def cohort_lines(session: Session, zone: str, wanted: Wanted) -> list[Line]:
    """The sums by month of joining and month, up to a month; `number` counts those that began as new."""
    sums = [func.sum(getattr(CohortMonth, name)).label(name) for name in _SUMS]
    keys = (CohortMonth.cohort, CohortMonth.month, CohortMonth.currency)
    rolled = select(*keys, literal("").label("kind"), *sums).where(*wanted.of(CohortMonth)).group_by(*keys)
    lines = _with_fresh(session, rolled, zone, wanted)
    return [replace(line, number=int(line.kind == "new")) if line.kind else line for line in lines]


def _with_fresh(session: Session, rolled: Select[Any], zone: str, wanted: Wanted) -> list[Line]:
    """The sums, and behind them the lines of the movements that they do not reach. The sums and how far they reach come from
    one statement, and movements never change: so none is counted twice, and none is left out."""
    reach = select(RollUp.upto).where(RollUp.zone == zone)
    sums = rolled.where(reach.exists()).subquery().c
    zero, none = literal(0), literal("")
    both = union_all(
        select(sums.cohort, sums.month, sums.currency, sums.kind, sums.number, sums.paying, sums.members, sums.yearly),
        select(none, none, none, none, func.coalesce(reach.scalar_subquery(), 0), zero, zero, zero),
    )
    found, upto = [], 0
    for cohort, month, currency, kind, *values in session.execute(both):
        if month:
            found.append(Line(cohort, month, currency, kind, 0, "", *(int(value) for value in values)))
        else:
            upto = int(values[0])
    new = [line for fact in facts(session, after=upto) for line in lines_of(fact, zone)]
    return found + [line for line in new if wanted.takes(line)]


def spell_lines(session: Session, zone: str, wanted: Wanted, by: str, since: str) -> list[SpellLine]:
    """The sums of spells up to a month by what `by` names (`tier_id` or `source`); the other one is not told. What happened
    before `since` is told as if it had happened in the month before it, all at once, or when the spell began."""
    none, zero, before = literal(""), literal(0), month_later(since, -1)
    tier = SpellMonth.tier_id if by == "tier_id" else zero
    source = SpellMonth.source if by == "source" else none
    month = case((SpellMonth.month < before, literal(before)), else_=SpellMonth.month).label("month")
    values = [getattr(SpellMonth, name) for name in _SPELL_SUMS]
    each = select(SpellMonth.began, month, SpellMonth.currency, tier.label("tier_id"), source.label("source"), *values)
    reach = select(RollUp.upto).where(RollUp.zone == zone)
    inner = each.where(*wanted.of(SpellMonth), reach.exists()).subquery().c
    keys = (inner.began, inner.month, inner.currency, inner.tier_id, inner.source)
    sums = [func.sum(inner[name]).label(name) for name in _SPELL_SUMS]
    rolled = select(*keys, *sums).group_by(*keys)
    mark = select(none, none, none, zero, none, func.coalesce(reach.scalar_subquery(), 0), zero, zero, zero)
    found, upto = [], 0
    for row in session.execute(union_all(rolled, mark)).all():
        if row[1]:
            found.append(SpellLine(*row))
        else:
            upto = int(row[5])
    new = (spell_line_of(fact, zone) for fact in facts(session, after=upto))
    return found + [line._replace(month=max(line.month, before)) for line in new if wanted.takes(line)]

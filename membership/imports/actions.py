"""Verbs of an import: handing a file in, reading its rows, judging them, and asking for it to be applied.

Each works on a batch in its caller's transaction and moves the cursor along, so that an import may be killed anywhere and
goes on where its last batch ended. What a row was done for is never done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from membership.db import insert_each_once, insert_once
from membership.gateway.listing import LivingReading
from membership.imports import files
from membership.imports.bringing import Planned, bring
from membership.imports.columns import Columns, Manner, found_in, read_row
from membership.imports.models import Import, ImportRow, LiveSubscription
from membership.imports.queries import batch, facts_about, offers, source_key
from membership.imports.rules import (
    CELLS_KEPT_FOR,
    BadRow,
    NoTiers,
    NotRehearsed,
    Plan,
    Reading,
    plan,
    tier_for_row,
)
from membership.jobs.queue import post
from membership.memberships.models import Membership
from membership.newsroom import queries as newsroom
from membership.readers.rules import email_key
from membership.readers.trail import note

GO_ON, FORGET = "imports.go_on", "imports.forget"
NEVER_BEGAN = frozenset({"incomplete", "incomplete_expired"})
"""Statuses of subscriptions whose first payment never came: they are nobody's pledge."""
AT_ONCE = 500
"""So many rows are one transaction."""


@dataclass(frozen=True)
class Options:
    """How staff say that a file is to be read: the currency where it names none, the order of days with slashes (`mdy`,
    `dmy`), and which tier of ours (a slug) a tier of theirs is."""

    currency: str
    order: str | None = None
    tiers: dict[str, str] = field(default_factory=dict)

    def as_plain(self) -> dict[str, Any]:
        """For the import's row."""
        return {"currency": self.currency, "order": self.order, "tiers": dict(sorted(self.tiers.items()))}


def job_key(import_id: int) -> str:
    """The key of an import's job, and so its lease: one step of it is taken at a time."""
    return f"import:{import_id}"


def begin(
    session: Session, file: BinaryIO, form: str, options: Options, *, name: str, by: int | None, at: datetime
) -> Import:
    """The import of a file: a new one without rows, or the one that the same file with the same options is already.

    Raises `NotAFile`, `LooksLike`, `ColumnsMissing`, `NoTiers`.
    """
    digest = files.digest_of(file)
    told = json.dumps([form, digest, options.as_plain()], sort_keys=True)
    key = hashlib.sha256(told.encode()).hexdigest()
    known = select(Import).where(Import.key == key)
    if session.execute(known).scalar_one_or_none() is None:
        if not offers(session):
            raise NoTiers()
        text = files.opened(file)
        headings, _ = files.read(text)
        text.detach()  # the file is read once more, for its rows
        found_in(headings, form)
        insert_once(
            session, Import, key=key, form=form, digest=digest, options=options.as_plain(), file_name=name[:200],
            headings=headings[:200], rows=0, step="resting", found=0, handed_in_at=at, handed_in_by=by,
        )  # fmt: skip
    return session.execute(known).scalar_one()


def keep_rows(session: Session, import_id: int, records: Sequence[files.Record]) -> None:
    """Some records of a file that is being handed in; kept twice they are kept once."""
    rows = [
        {"import_id": import_id, "number": one.number, "line": one.line, "cells": one.cells[:200], "broken": one.broken}
        for one in records
    ]  # fmt: skip
    if rows:
        insert_each_once(session, ImportRow, rows)


def received(session: Session, import_id: int, total: int, *, at: datetime) -> Import:
    """All rows are here: they are read from now on."""
    post(session, GO_ON, job_key(import_id), {"import": import_id}, due_at=at)  # jobs are locked before rows
    post(session, FORGET, f"import-forget:{import_id}", {"import": import_id}, due_at=at + CELLS_KEPT_FOR)
    run = session.execute(select(Import).where(Import.id == import_id).with_for_update(key_share=True)).scalar_one()
    if run.rows == 0:
        run.rows, run.step = total, "reading"
        detail = {"form": run.form, "rows": total}
        trail = f"import/{run.id}"
        note(session, actor_id=run.handed_in_by, action="import:handed_in", object=trail, at=at, **detail)
    return run


def drop(session: Session, import_id: int) -> None:
    """A file that cannot be taken in after all: nothing of it stays."""
    for table in (ImportRow, LiveSubscription):
        session.execute(delete(table).where(table.import_id == import_id))
    session.execute(delete(Import).where(Import.id == import_id))


def manner_of(session: Session, run: Import, at: datetime) -> Manner:
    """How this import's file is to be read."""
    own = newsroom.current(session)
    return Manner(run.options["currency"], run.options["order"], own.time_zone if own else "UTC", at)


_READ = ("source_key", "email_key", "weight", "verdict", "deed", "reason", "detail")
_JUDGED = ("verdict", "deed", "reason", "detail", "their_tier", "tier_id", "currency", "amount", "interval", "reader_id",
           "done_at")  # fmt: skip


def read_some(session: Session, run: Import, *, at: datetime) -> None:
    """Read the next rows: who each is about, or why it cannot be read."""
    rows = batch(session, run, size=AT_ONCE, waiting=False)
    columns, manner = found_in(run.headings, run.form), manner_of(session, run, at)
    changes = []
    for row in rows:
        reading = _reading(row, columns, run.form, manner)
        told: dict[str, Any]
        if isinstance(reading, Plan):
            told = {"source_key": None, "email_key": None, "weight": None, "verdict": "refused", "deed": "nothing",
                    "reason": reading.reason, "detail": dict(reading.values)}  # fmt: skip
        else:
            told = {"source_key": source_key(reading), "email_key": reading.email_key, "weight": reading.weight,
                    "verdict": None, "deed": None, "reason": None, "detail": None}  # fmt: skip
        changes.append({"row": row.id, **{f"_{name}": value for name, value in told.items()}})
    _change(session, changes, _READ)
    _move(run, rows, "matching")


def _reading(row: ImportRow, columns: Columns, form: str, manner: Manner) -> Reading | Plan:
    if row.broken:
        return Plan("refused", reason="broken")
    try:
        return read_row(row.cells or [], columns, form, manner)
    except BadRow as bad:
        return Plan("refused", reason=bad.reason, values=bad.values)


def keep_found(session: Session, run: Import, found: Sequence[LivingReading], after: str | None) -> None:
    """A page of what is live at Stripe, kept for this import where it is not in our books. The first page begins anew."""
    if run.cursor is None:
        session.execute(delete(LiveSubscription).where(LiveSubscription.import_id == run.id))
        run.found = 0
    wanted = select(Membership.subscription_id).where(Membership.subscription_id.in_([one.id for one in found]))
    ours = set(session.execute(wanted).scalars())
    rows = [
        {"import_id": run.id, "subscription_id": one.id, "customer_id": one.customer_id,
         "email_key": email_key(one.email) if one.email else None, "currency": one.currency, "amount": one.amount,
         "interval": one.interval, "fits": one.fits and one.status != "unpaid", "started_at": one.started_at}
        for one in found
        if one.id not in ours and one.status not in NEVER_BEGAN
    ]  # fmt: skip
    if rows:
        insert_each_once(session, LiveSubscription, rows)
    run.found += len(rows)
    run.cursor = after
    if after is None:
        run.step = "applying" if _is_asked(run) else "judging"


def _is_asked(run: Import) -> bool:
    """Whether it is to be applied, and not only to be rehearsed (again)."""
    return run.asked_at is not None and run.rehearsed_at is not None


def judge_some(session: Session, run: Import, *, at: datetime) -> None:
    """Judge the next rows against what we know, and write nothing but the verdicts."""
    rows = batch(session, run, size=AT_ONCE, waiting=True)
    _judge(session, run, rows, at=at)
    _move(run, rows, "resting")
    if run.step == "resting":
        run.rehearsed_at = at


def apply_some(session: Session, run: Import, *, at: datetime) -> None:
    """Judge the next rows anew and do what follows. A row that is refused or in doubt stays, for another time."""
    rows = batch(session, run, size=AT_ONCE, waiting=True)
    _judge(session, run, rows, at=at, doing=True)
    _move(run, rows, "resting")
    if run.step == "resting":
        run.applied_at = at
        session.execute(delete(LiveSubscription).where(LiveSubscription.import_id == run.id))
        own = (ImportRow.import_id == run.id, ImportRow.done_at.is_not(None))
        counted = session.execute(select(ImportRow.deed, func.count()).where(*own).group_by(ImportRow.deed))
        done = {row[0]: row[1] for row in counted}
        object, rows_of_it = f"import/{run.id}", run.rows
        note(session, actor_id=run.asked_by, action="import:applied", object=object, at=at, rows=rows_of_it, done=done)


def _judge(session: Session, run: Import, rows: Sequence[ImportRow], *, at: datetime, doing: bool = False) -> None:
    """Judge rows; `doing`: and do what follows."""
    columns, manner, ours = found_in(run.headings, run.form), manner_of(session, run, at), offers(session)
    if not ours:
        raise NoTiers()
    changes, readable = [], []
    for row in rows:
        reading = _reading(row, columns, run.form, manner)
        if isinstance(reading, Plan):
            changes.append(_judged(row, reading))
        else:
            readable.append((row, reading))
    facts = facts_about(session, run, readable)
    planned = _each_once(
        (row, reading, plan(reading, facts[row.number], at=at), facts[row.number]) for row, reading in readable
    )
    _note_lines(session, run, planned)
    named = {theirs.casefold(): slug for theirs, slug in run.options["tiers"].items()}
    tiers = {
        row.number: tier_for_row(
            reading.tier, found.live.price if found.live else reading.price,
            found.live.interval if found.live else reading.interval, ours, named,
        ).id
        for row, reading, found, _ in planned
    }  # fmt: skip
    readers = bring(session, run, planned, tiers, at=at) if doing else {}
    for row, reading, found, _ in planned:
        done_at = at if doing and found.verdict not in ("doubt", "refused") else None
        changes.append(_judged(row, found, reading, tiers[row.number], readers.get(row.number), done_at))
    _change(session, changes, _JUDGED)


def _each_once(planned: Iterable[Planned]) -> list[Planned]:
    """Two rows that lead to one subscription are about two people: the second is for a person to look at."""
    found, lines = [], dict[str, int]()
    for row, reading, told, facts in planned:
        if told.live is not None:
            first = lines.setdefault(told.live.subscription_id, row.line)
            if first != row.line:
                values = {"ids": told.live.subscription_id, "line": str(first)}
                told = Plan("doubt", reason="one_subscription", values=values)
        found.append((row, reading, told, facts))
    return found


def _note_lines(session: Session, run: Import, planned: Sequence[Planned]) -> None:
    """Which line of the file a subscription is adopted for, so that the batches to come know of it."""
    lines = [{"id": told.live.subscription_id, "at": row.line} for row, _, told, _ in planned if told.live is not None]
    if lines:
        table: Any = LiveSubscription.__table__
        own = (table.c.import_id == run.id, table.c.subscription_id == bindparam("id"))
        session.connection().execute(update(table).where(*own).values(line=bindparam("at")), lines)


def _judged(
    row: ImportRow, found: Plan, reading: Reading | None = None, tier_id: int | None = None,
    reader_id: int | None = None, done_at: datetime | None = None,
) -> dict[str, Any]:  # fmt: skip
    price = found.live.price if found.live else reading.price if reading else None
    interval = found.live.interval if found.live else reading.interval if reading else None
    told = {
        "verdict": found.verdict, "deed": found.deed, "reason": found.reason or None, "detail": dict(found.values) or None,
        "their_tier": reading.tier if reading else None, "tier_id": tier_id, "currency": price.currency if price else None,
        "amount": price.minor if price else None, "interval": interval, "reader_id": reader_id, "done_at": done_at,
    }  # fmt: skip
    return {"row": row.id, **{f"_{name}": value for name, value in told.items()}}


def _change(session: Session, changes: list[dict[str, Any]], names: Sequence[str]) -> None:
    """One statement for all of them."""
    if changes:
        table: Any = ImportRow.__table__
        typed = {name: bindparam(f"_{name}", type_=table.c[name].type) for name in names}
        session.connection().execute(update(table).where(table.c.id == bindparam("row")).values(typed), changes)


def _move(run: Import, rows: Sequence[ImportRow], following: str) -> None:
    if len(rows) == AT_ONCE:
        run.cursor = str(rows[-1].number)
    else:
        run.step, run.cursor = following, None


def ask_for(session: Session, import_id: int, *, by: int | None, at: datetime) -> Import:
    """Have an import applied; asked again, whatever was in doubt or new to be done is looked at once more.

    Raises `NotRehearsed`.
    """
    post(session, GO_ON, job_key(import_id), {"import": import_id}, due_at=at)  # jobs are locked before rows
    run = session.execute(select(Import).where(Import.id == import_id).with_for_update(key_share=True)).scalar_one()
    if run.step != "resting" or run.rehearsed_at is None:
        if _is_asked(run):
            return run  # it is on its way: asked twice is asked once
        raise NotRehearsed()
    run.step, run.cursor, run.asked_at, run.asked_by = "matching", None, at, by
    post(session, FORGET, f"import-forget:{run.id}", {"import": run.id}, due_at=at + CELLS_KEPT_FOR)
    note(session, actor_id=by, action="import:asked_for", object=f"import/{run.id}", at=at, rows=run.rows)
    return run


def withdraw(session: Session, import_id: int, *, by: int | None, at: datetime) -> None:
    """Forget a rehearsal that was never applied, with every row of it. Raises `NotRehearsed` for one that was asked for."""
    run = session.execute(select(Import).where(Import.id == import_id).with_for_update()).scalar_one()
    if run.asked_at is not None:
        raise NotRehearsed()
    rows = run.rows
    drop(session, import_id)
    note(session, actor_id=by, action="import:withdrawn", object=f"import/{import_id}", at=at, rows=rows)


def forget_cells(session: Session, import_id: int, *, at: datetime) -> None:
    """What a file's rows said is wiped once it is old; what became of them stays."""
    run = session.get(Import, import_id)
    if run is None:
        return
    last = run.applied_at or run.asked_at or run.handed_in_at
    if at < last + CELLS_KEPT_FOR - timedelta(minutes=1):
        return post(session, FORGET, f"import-forget:{run.id}", {"import": run.id}, due_at=last + CELLS_KEPT_FOR)
    own = ImportRow.import_id == import_id
    session.execute(update(ImportRow).where(own).values(cells=None, source_key=None, email_key=None, detail=None))

"""What Stripe's events say about somebody, and how it ends: a body is emptied, and its hash stays.

Bodies about a person who was erased go at once, those that come later with being taken in (`sealed`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, LargeBinary, func, literal, or_, select, update
from sqlalchemy.orm import Session

from membership.db import insert_each_once
from membership.jobs.queue import post
from membership.readers.models import Reader
from membership.webhooks.models import ErasedRoot, StripeEvent

_EMPTY = b""
TAKE_PAYERS_AWAY = "privacy.payers"
"""The job of a room above."""


def empty(session: Session, *which: ColumnElement[bool], most: int | None = None) -> int:
    """Empty the bodies of these events (at most so many), keeping the SHA-256 of each; returns how many there were."""
    full = select(StripeEvent.id, StripeEvent.raw).where(StripeEvent.raw != _EMPTY, *which).limit(most)
    rows = session.execute(full).all()
    for row in rows:
        done = update(StripeEvent).where(StripeEvent.id == row.id)
        values = {"raw": _EMPTY, "raw_sha256": hashlib.sha256(row.raw).hexdigest()}
        session.execute(done.values(**values).execution_options(synchronize_session=False))
    return len(rows)


def forget_bodies(session: Session, roots: Iterable[str], addresses: Iterable[str]) -> int:
    """Empty whatever was told about these objects of Stripe's, or names one of these addresses, and remember the objects:
    what is told of them later says nothing about anybody either."""
    ids = sorted(set(roots))
    if ids:
        insert_each_once(session, ErasedRoot, [{"root_id": one} for one in ids])
    about = or_(StripeEvent.root_id.in_(ids), StripeEvent.object_id.in_(ids))
    return empty(session, or_(about, *(_mentions(session, one) for one in addresses)))


def _mentions(session: Session, address: str) -> ColumnElement[bool]:
    told = literal(json.dumps(address)[1:-1].encode(), LargeBinary)
    if session.get_bind().dialect.name == "sqlite":
        return func.instr(StripeEvent.raw, told) > 0
    return func.position(told.op("IN")(StripeEvent.raw)) > 0


def follow_erasure(session: Session, reader_id: int, roots: Iterable[str | None], *, at: datetime) -> None:
    """Something began at Stripe for a reader: if they were erased meanwhile, only the books keep anything of it, and whatever
    payer it made goes as the others went."""
    erased = select(Reader.id).where(Reader.id == reader_id, Reader.erased_at.is_not(None))
    if session.execute(erased).first() is not None:
        forget_bodies(session, [root for root in roots if root], [])
        post(session, TAKE_PAYERS_AWAY, f"erase-payers:{reader_id}", {"reader": reader_id}, due_at=at)


def is_of_the_erased(session: Session, event_id: str) -> bool:
    """Whether an event that is none of ours tells of a payer who was erased: its object belongs to one."""
    raw = session.execute(select(StripeEvent.raw).where(StripeEvent.id == event_id)).scalar_one()
    thing = json.loads(raw).get("data", {}).get("object", {}) if raw else {}
    named = {str(thing.get(key)) for key in ("id", "customer", "payment_intent", "subscription") if thing.get(key)}
    return bool(session.execute(select(ErasedRoot.root_id).where(ErasedRoot.root_id.in_(named)).limit(1)).first())

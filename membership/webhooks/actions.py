"""The inbox: keeping an event once, together with the job that takes it in; hearing one again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import LargeBinary, bindparam, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import TextClause

from membership.db import UtcTime, run
from membership.gateway.looking import look_again, looking
from membership.jobs.queue import POST_FOR_EACH
from membership.readers import trail
from membership.refusals import N_, Refused
from membership.webhooks.listeners import HEARD
from membership.webhooks.models import StripeEvent
from membership.webhooks.rules import Envelope

_INTO = """
    INSERT INTO stripe_event
        (id, type, object_id, root_id, api_version, created_at, received_at, raw, state, snapshot_id, raw_sha256)
    VALUES (:id, :type, :object_id, {root}, :api_version, :created_at, :received_at, :raw, {state}, :snapshot_id,
        :raw_sha256)
    ON CONFLICT (id) DO NOTHING
    RETURNING root_id, state
"""


def _keeping(sql: str) -> TextClause:
    times = [name for name in ("created_at", "received_at", "due_at", "posted_at") if f":{name}" in sql]
    raw = bindparam("raw", type_=LargeBinary())
    return text(sql).bindparams(raw, *(bindparam(name, type_=UtcTime()) for name in times))


# One change may be told by a snapshot and by a thin event. Whichever comes second joins the first: what was applied is
# applied, and a thin event is taken in under the root that its snapshot names.
_SNAPSHOT = _INTO.format(
    root=":root_id",
    state="CASE WHEN :state = 'new' AND EXISTS (SELECT 1 FROM stripe_event thin WHERE thin.snapshot_id = :id"
    " AND thin.state = 'applied') THEN 'applied' ELSE :state END",
)
_THIN = _INTO.format(
    root="COALESCE((SELECT full_one.root_id FROM stripe_event full_one WHERE full_one.id = :snapshot_id), :root_id)",
    state="CASE WHEN :state = 'new' AND EXISTS (SELECT 1 FROM stripe_event full_one WHERE full_one.id = :snapshot_id"
    " AND full_one.state = 'applied') THEN 'applied' ELSE :state END",
)
_KEEP, _KEEP_THIN = _keeping(_SNAPSHOT), _keeping(_THIN)
_BOTH = """
    WITH kept AS ({keep}), fresh AS (SELECT 1 FROM kept WHERE state = 'new'), posted AS ({post})
    SELECT root_id, state FROM kept
"""
_KEEP_AND_POST = _keeping(_BOTH.format(keep=_SNAPSHOT, post=POST_FOR_EACH.format(rows="fresh")))
"""The door's commonest case in one statement, where the database is a way off."""


def keep_event(session: Session | Connection, envelope: Envelope, raw: bytes, *, heard: bool, at: datetime) -> bool:
    """Store an event as it came, and post its job if anybody listens (`heard`) and nobody has acted on the same change
    told in its other form. False when it was here before. Of what nobody listens to only the body's hash is kept."""
    values = {
        "id": envelope.id,
        "type": envelope.type,
        "object_id": envelope.object_id,
        "root_id": envelope.root_id,
        "api_version": envelope.api_version,
        "created_at": envelope.created_at,
        "received_at": at,
        "raw": raw if heard else b"",
        "raw_sha256": None if heard else hashlib.sha256(raw).hexdigest(),
        "state": "new" if heard else "ignored",
        "snapshot_id": envelope.snapshot_id,
    }
    if heard and not envelope.snapshot_id and _dialect(session) == "postgresql":
        return run(session, _KEEP_AND_POST, values | looking(envelope.root_id, at=at)).first() is not None
    kept = run(session, _KEEP_THIN if envelope.snapshot_id else _KEEP, values).first()
    if kept is not None and kept.state == "new":
        look_again(session, kept.root_id, at=at)
    return kept is not None


def _dialect(session: Session | Connection) -> str:
    return (session.get_bind() if isinstance(session, Session) else session).dialect.name


def is_told(session: Session, snapshot_id: str) -> bool:
    """Whether a thin event told of this change before."""
    thin = select(StripeEvent.id).where(StripeEvent.snapshot_id == snapshot_id).limit(1)
    return session.execute(thin).first() is not None


def move(session: Session, events: Sequence[str], root_id: str, *, at: datetime) -> None:
    """What these events are about is known now: they wait under its root, whose job is posted."""
    session.execute(update(StripeEvent).where(StripeEvent.id.in_(events)).values(root_id=root_id))
    look_again(session, root_id, at=at)


class UnknownEvent(Refused):
    """No such event is kept here."""

    status = 404
    words = N_("This event was never kept here.")


def replay(session: Session, event_id: str, *, by: int | None, at: datetime) -> StripeEvent:
    """Have an event taken in again: its root's job is posted anew, parked or not. `by` None: the operator.

    Raises `UnknownEvent`.
    """
    event = session.get(StripeEvent, event_id)
    if event is None:
        raise UnknownEvent()
    event.state, event.applied_at = "new", None
    look_again(session, event.root_id, at=at)
    trail.note(
        session, actor_id=by, action="event:replayed", object=f"stripe_event/{event.id}", at=at, root=event.root_id
    )
    return event


_LEFT_ALONE = select(StripeEvent.type).where(
    StripeEvent.root_id == bindparam("root"), StripeEvent.state == "ignored"
)


def hear_again(session: Session, intents: Sequence[str], *, at: datetime) -> None:
    """What was told of these payments was left alone while nobody knew them. Now they are booked: refunds, disputes and
    warnings are looked at again; that they were paid at all is in the books already."""
    ignored = {type for root in intents for type in run(session, _LEFT_ALONE, {"root": root}).scalars()}
    if ignored.isdisjoint(HEARD):  # nearly always
        return
    left = update(StripeEvent).where(
        StripeEvent.root_id.in_(intents), StripeEvent.state == "ignored", StripeEvent.type.in_(HEARD)
    )
    paid = StripeEvent.type.like("payment_intent.%")
    session.execute(left.where(paid).values(state="applied", applied_at=at))
    told = session.execute(left.values(state="new").returning(StripeEvent.root_id)).scalars().all()
    for root in sorted(set(told)):
        look_again(session, root, at=at)

"""The inbox: keeping an event once, together with the job that takes it in; hearing one again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import LargeBinary, bindparam, text, update
from sqlalchemy.orm import Session

from membership.db import UtcTime
from membership.gateway.looking import look_again
from membership.readers import trail
from membership.refusals import N_, Refused
from membership.webhooks.listeners import HEARD
from membership.webhooks.models import StripeEvent
from membership.webhooks.rules import Envelope

_KEEP = text("""
    INSERT INTO stripe_event
        (id, type, object_id, root_id, api_version, created_at, received_at, raw, state)
    VALUES (:id, :type, :object_id, :root_id, :api_version, :created_at, :received_at, :raw, :state)
    ON CONFLICT (id) DO NOTHING
""").bindparams(
    bindparam("created_at", type_=UtcTime()),
    bindparam("received_at", type_=UtcTime()),
    bindparam("raw", type_=LargeBinary()),
)


def keep_event(session: Session, envelope: Envelope, raw: bytes, *, heard: bool, at: datetime) -> bool:
    """Store an event as it came, and post its job if anybody listens (`heard`). False when it was here before."""
    result = session.execute(
        _KEEP,
        {
            "id": envelope.id,
            "type": envelope.type,
            "object_id": envelope.object_id,
            "root_id": envelope.root_id,
            "api_version": envelope.api_version,
            "created_at": envelope.created_at,
            "received_at": at,
            "raw": raw,
            "state": "new" if heard else "ignored",
        },
    )
    kept = bool(result.rowcount)  # type: ignore[attr-defined]
    if kept and heard:
        look_again(session, envelope.root_id, at=at)
    return kept


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


def hear_again(session: Session, intents: Sequence[str], *, at: datetime) -> None:
    """What was told of these payments was left alone while nobody knew them. Now they are booked: refunds, disputes and
    warnings are looked at again; that they were paid at all is in the books already."""
    left = update(StripeEvent).where(
        StripeEvent.root_id.in_(intents), StripeEvent.state == "ignored", StripeEvent.type.in_(HEARD)
    )
    paid = StripeEvent.type.like("payment_intent.%")
    session.execute(left.where(paid).values(state="applied", applied_at=at))
    told = session.execute(left.values(state="new").returning(StripeEvent.root_id)).scalars().all()
    for root in sorted(set(told)):
        look_again(session, root, at=at)

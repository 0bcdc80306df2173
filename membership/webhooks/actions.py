"""The inbox: keeping an event once, together with the job that takes it in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, bindparam, text
from sqlalchemy.orm import Session

from membership.db import UtcTime
from membership.gateway.looking import look_again
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

"""The audit trail: every act of staff, append-only, each row chained to the one before by its hash.

The databases refuse UPDATE and DELETE on it (a trigger of the migrations), and a changed row breaks the chain.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership.db import Base, Key


class AuditEntry(Base):
    """Who did what to what. `detail` names changed fields and figures, never a reader's address or name."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(Key, index=True)
    action: Mapped[str] = mapped_column(Text)
    object: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)


class AuditHead(Base):
    """The chain's last hash; its one row is locked while an entry is added, so that the chain never forks."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    hash: Mapped[str] = mapped_column(Text)


def note(session: Session, *, actor_id: int | None, action: str, object: str, at: datetime, **detail: Any) -> None:
    """Add an entry: `action` is `noun:verb` (`promise:made`), `object` names a row (`ballot/7`). Actor None: an operator."""
    head = session.execute(select(AuditHead).where(AuditHead.id == 1).with_for_update()).scalar_one()
    entry = AuditEntry(
        at=at, actor_id=actor_id, action=action, object=object, detail=detail, previous_hash=head.hash, hash=""
    )
    entry.hash = chained_hash(entry)
    head.hash = entry.hash
    session.add(entry)


def chained_hash(entry: AuditEntry) -> str:
    """SHA-256 over the previous hash and this entry's content, hex."""
    content = [entry.at.isoformat(), entry.actor_id, entry.action, entry.object, entry.detail]
    text = entry.previous_hash + json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def first_break(session: Session) -> int | None:
    """The id of the first entry whose hash does not follow from the one before; None while the chain is whole."""
    previous = ""
    for entry in session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars():
        if entry.previous_hash != previous or entry.hash != chained_hash(entry):
            return entry.id
        previous = entry.hash
    return None

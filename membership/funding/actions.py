"""Verbs of /funding: the limit, and the names that givers agreed to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.funding.models import FundingLimit, FundingName
from membership.money import Money
from membership.readers.models import Reader
from membership.readers.trail import note
from membership.refusals import NotFound


def set_limit(session: Session, least: Money, *, by: int, at: datetime) -> None:
    """From which sum on givers are named."""
    if not insert_once(session, FundingLimit, id=1, minor=least.minor, currency=least.currency):
        values = {"minor": least.minor, "currency": least.currency}
        session.execute(update(FundingLimit).where(FundingLimit.id == 1).values(**values))
    note(session, actor_id=by, action="funding:limit", object="funding/1", at=at, minor=least.minor)


def agree(session: Session, reader_id: int, name: str, *, at: datetime, noted_by: int | None = None) -> None:
    """A giver agrees to be named like this; without a name they do not (any more). Raises `NotFound`."""
    if session.execute(select(Reader.id).where(Reader.id == reader_id)).first() is None:
        raise NotFound()
    if not name:
        session.execute(delete(FundingName).where(FundingName.reader_id == reader_id))
    elif not insert_once(session, FundingName, reader_id=reader_id, name=name, agreed_at=at, noted_by=noted_by):
        values = {"name": name, "agreed_at": at, "noted_by": noted_by}
        session.execute(update(FundingName).where(FundingName.reader_id == reader_id).values(**values))
    if noted_by is not None:
        note(session, actor_id=noted_by, action="funding:name", object=f"reader/{reader_id}", at=at, agreed=bool(name))

"""The ledger: a grant is issued once for each time it is due, and every state it comes to is a row with its day."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.db import insert_once_for_id
from membership.memberships.standing import has_standing
from membership.perks.models import Perk, PerkGrant, PerkStep
from membership.perks.rules import code_from
from membership.perks.states import LIVE, NoSuchPerk, NotNow, Rests, expires_at, may_become


def issue(session: Session, perk: Perk, reader_id: int, *, number: int, at: datetime) -> PerkGrant | None:
    """Issue a perk for the `number`th time; None when that was done before, or by somebody else this moment."""
    grant_id = insert_once_for_id(
        session, PerkGrant, perk_id=perk.id, reader_id=reader_id, number=number, code=code_from(secrets.randbits(80)),
        issued_at=at, state="issued", expires_at=expiry(perk, at),
    )  # fmt: skip
    if grant_id is None:
        return None
    session.add(PerkStep(grant_id=grant_id, state="issued", at=at, by=None, why=""))
    session.flush()
    return session.get_one(PerkGrant, grant_id)


def expiry(perk: Perk, issued_at: datetime) -> datetime | None:
    """When a grant that is issued now would be over, if nothing is done."""
    return expires_at(perk.kind, issued_at=issued_at, claim_days=perk.claim_days, ends_at=perk.ends_at)


def hold(session: Session, grant_id: int, *, reader_id: int | None = None) -> tuple[PerkGrant, Perk]:
    """A grant, its row locked and as it stands now, with its perk. Raises `NoSuchPerk`, also when it is not `reader_id`'s."""
    statement = select(PerkGrant).where(PerkGrant.id == grant_id)
    if reader_id is not None:
        statement = statement.where(PerkGrant.reader_id == reader_id)
    locked = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    grant = session.execute(locked).scalar_one_or_none()
    if grant is None:
        raise NoSuchPerk()
    return grant, session.get_one(Perk, grant.perk_id)


def hold_perk(session: Session, perk_id: int) -> Perk:
    """A perk, its row locked: what is counted of it (places, seats) is counted one after the other. Raises `NoSuchPerk`.

    Taken before any grant of it.
    """
    statement = select(Perk).where(Perk.id == perk_id).with_for_update(key_share=True)
    perk = session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
    if perk is None:
        raise NoSuchPerk()
    return perk


def hold_own(session: Session, grant_id: int, reader_id: int, kind: str, *, at: datetime) -> tuple[PerkGrant, Perk]:
    """A reader's own (held) grant of a kind, to be used now. Raises `NoSuchPerk`, `NotNow`, `Rests`."""
    grant, perk = hold(session, grant_id, reader_id=reader_id)
    if perk.kind != kind or perk.retired_at is not None:
        raise NoSuchPerk()
    if not has_standing(session, reader_id, at):
        raise Rests()
    if grant.state not in LIVE:
        raise NotNow()
    return grant, perk


def bring(
    session: Session, grant: PerkGrant, perk: Perk, state: str, *, at: datetime, by: int | None = None, why: str = ""
) -> None:
    """Bring a (held) grant to a state, with its dated row. Raises `NotNow`."""
    if not may_become(perk.kind, grant.state, state):
        raise NotNow()
    grant.state = state
    session.add(PerkStep(grant_id=grant.id, state=state, at=at, by=by, why=why))
    session.flush()


def state_before(session: Session, grant: PerkGrant) -> tuple[str, str]:
    """What a revoked (held) grant was before, and why it was revoked."""
    steps = session.execute(
        select(PerkStep.state, PerkStep.why).where(PerkStep.grant_id == grant.id).order_by(PerkStep.id.desc())
    ).all()
    why = steps[0].why if steps else ""
    return next((step.state for step in steps if step.state != "revoked"), "issued"), why


def places_taken(session: Session, perk_id: int) -> int:
    """How many of a perk's places are taken: what was revoked may come back and keeps its own, what expired gives it up."""
    taken = select(func.count()).where(PerkGrant.perk_id == perk_id, PerkGrant.state != "expired")
    return session.execute(taken).scalar_one()


def own(session: Session, grant_id: int, reader_id: int) -> tuple[PerkGrant, Perk]:
    """A reader's own grant, to look at. Raises `NoSuchPerk`."""
    grant = session.get(PerkGrant, grant_id)
    if grant is None or grant.reader_id != reader_id:
        raise NoSuchPerk()
    return grant, session.get_one(Perk, grant.perk_id)


def check_delivered(session: Session, grant: PerkGrant, *, at: datetime) -> Perk:
    """Whether what a grant gives may be handed out at this moment. Raises `NoSuchPerk`, `Rests`."""
    perk = session.get_one(Perk, grant.perk_id)
    if perk.retired_at is not None:
        raise NoSuchPerk()
    if grant.state not in LIVE or not has_standing(session, grant.reader_id, at):
        raise Rests()
    return perk

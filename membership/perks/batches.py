"""Acts of staff on many grants: written down at once, carried out some at a time, and gone on with after an interruption."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.db import insert_each_once
from membership.jobs.queue import post
from membership.perks import ledger, parcels, seats
from membership.perks.claim_models import PerkBatch, PerkBatchGrant, PostalAddress
from membership.perks.models import Perk, PerkGrant
from membership.perks.parcels import is_old
from membership.perks.states import LIVE, NoSuchPerk, may_become
from membership.readers import trail

BATCH = "perks.batch"
DEEDS = ("sent", "redeemed", "revoked")
AT_ONCE = 100


@dataclass(frozen=True)
class Progress:
    """How far a batch has come."""

    batch: PerkBatch
    total: int
    done: int
    unfit: int

    @property
    def worked(self) -> int:
        """How many have had their turn."""
        return self.done + self.unfit


def begin(
    session: Session, perk_id: int, deed: str, *, by: int, at: datetime, only: Collection[int] | None = None
) -> PerkBatch:
    """Write down what is to be done to which grants (`only` these, or all that it fits), and the job that does it.

    Raises `NoSuchPerk`.
    """
    perk = session.get(Perk, perk_id)
    if perk is None or deed not in DEEDS:
        raise NoSuchPerk()
    batch = PerkBatch(perk_id=perk.id, deed=deed, made_by=by, made_at=at)
    session.add(batch)
    session.flush()
    chosen = [grant_id for grant_id in _fitting(session, perk, deed, at) if only is None or grant_id in only]
    if chosen:
        insert_each_once(session, PerkBatchGrant, [{"batch_id": batch.id, "grant_id": one} for one in chosen])
    post(session, BATCH, f"perk-batch:{batch.id}", {"batch": batch.id}, due_at=at)
    trail.note(
        session, actor_id=by, action=f"perk:batch_{deed}", object=f"perk/{perk.id}", at=at, grants=len(chosen)
    )
    return batch


def _fitting(session: Session, perk: Perk, deed: str, at: datetime) -> list[int]:
    if deed == "sent":
        return [
            one.grant.id for one in parcels.to_pack(session, perk.id, at) if not is_old(one.address, one.parcel, at)
        ]
    wanted = "redeemed" if deed == "redeemed" else "revoked"
    rows = session.execute(select(PerkGrant.id, PerkGrant.state).where(PerkGrant.perk_id == perk.id).order_by(PerkGrant.id))
    return [id for id, state in rows if state in LIVE and may_become(perk.kind, state, wanted)]


def work(session: Session, batch_id: int, *, at: datetime) -> bool:
    """Do the next part of a batch; whether there is more. Each grant has its turn once, whatever happens in between."""
    batch = session.get_one(PerkBatch, batch_id)
    waiting = select(PerkBatchGrant).where(PerkBatchGrant.batch_id == batch_id, PerkBatchGrant.outcome.is_(None))
    part = session.execute(waiting.order_by(PerkBatchGrant.grant_id).limit(AT_ONCE)).scalars().all()
    perk = ledger.hold_perk(session, batch.perk_id)
    for line in part:
        line.outcome = "done" if _do(session, line.grant_id, batch, at) else "unfit"
    seats.refill(session, perk, at=at)
    if len(part) == AT_ONCE:
        post(session, BATCH, f"perk-batch:{batch.id}", {"batch": batch.id}, due_at=at)
        return True
    batch.finished_at = batch.finished_at or at
    return False


def _do(session: Session, grant_id: int, batch: PerkBatch, at: datetime) -> bool:
    """One grant; False when its state forbids it by now."""
    grant, perk = ledger.hold(session, grant_id)
    wanted = "revoked" if batch.deed == "revoked" else "redeemed"
    if grant.state not in LIVE or not may_become(perk.kind, grant.state, wanted):
        return False
    if batch.deed == "sent":
        address = session.get(PostalAddress, grant.reader_id)
        if grant.state != "claimed" or is_old(address, parcels.parcel_of(session, grant), at):
            return False
        parcels.send(session, grant, perk, by=batch.made_by, at=at)
    else:
        ledger.bring(session, grant, perk, wanted, at=at, by=batch.made_by, why="staff")
    return True


def progress_of(session: Session, perk_id: int, *, most: int = 5) -> list[Progress]:
    """A perk's last batches and how far they have come."""
    batches = select(PerkBatch).where(PerkBatch.perk_id == perk_id).order_by(PerkBatch.id.desc()).limit(most)
    found = session.execute(batches).scalars().all()
    counted = (
        select(PerkBatchGrant.batch_id, PerkBatchGrant.outcome, func.count())
        .where(PerkBatchGrant.batch_id.in_([batch.id for batch in found]))
        .group_by(PerkBatchGrant.batch_id, PerkBatchGrant.outcome)
    )
    counts: dict[int, dict[str | None, int]] = {}
    for batch_id, outcome, count in session.execute(counted):
        counts.setdefault(batch_id, {})[outcome] = count
    return [
        Progress(batch, sum(own.values()), own.get("done", 0), own.get("unfit", 0))
        for batch in found for own in [counts.get(batch.id, {})]
    ]  # fmt: skip

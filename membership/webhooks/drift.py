"""The drift list: finding differences, settling them, and what staff do about one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Update, bindparam, func, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once, run
from membership.gateway.looking import look_again
from membership.giving.models import LedgerEntry, Payment
from membership.memberships.actions import end_without_stripe
from membership.readers import trail
from membership.refusals import N_, Refused
from membership.webhooks.drift_models import Drift

AS_FETCHED = ("membership_differs", "membership_missing", "refund_differs", "dispute_differs", "payout_differs")
"""Kinds that are settled when their root was taken in, because then what was fetched is what was written."""
SHOWN = 200


class AlreadySettled(Refused):
    """Somebody was quicker, or it settled by itself."""

    status = 409
    words = N_("This has been settled meanwhile. The page shows how things stand now.")


def find(
    session: Session,
    kind: str,
    object: str,
    *,
    ours: str,
    theirs: str,
    root: str | None = None,
    reader_id: int | None = None,
    at: datetime,
) -> bool:
    """Put a difference on the list, and post the job of its root, which repairs it if it can. False: it stood there."""
    if root:
        look_again(session, root, at=at)  # job rows are locked before all others (decision 0009)
    said = {"ours": ours, "theirs": theirs, "root_id": root, "reader_id": reader_id}
    new = insert_once(session, Drift, kind=kind, object=object, found_at=at, **said)
    if not new:
        session.execute(_open(kind, object).values(**said))
    return new


def settle(session: Session, kind: str, object: str, *, at: datetime) -> None:
    """It does not differ (any more)."""
    session.execute(_open(kind, object).values(settled_at=at))


_OPEN_OF_ROOT = select(Drift.id).where(Drift.root_id == bindparam("root"), Drift.settled_at.is_(None)).limit(1)


def is_on_list(books: Session | Connection, root: str) -> bool:
    """Whether anything about this root is on the list."""
    return run(books, _OPEN_OF_ROOT, {"root": root}).first() is not None


def settle_root(session: Session, root: str, *, at: datetime) -> None:
    """This root was just taken in: what was fetched stands in the books, and what was unbooked may be booked by now."""
    if not is_on_list(session, root):  # nearly always
        return
    rows = session.execute(select(Drift).where(Drift.root_id == root, Drift.settled_at.is_(None))).scalars().all()
    for row in rows:
        if row.kind in AS_FETCHED or is_booked(session, row.kind, row.object):
            row.settled_at = at


def is_booked(session: Session, kind: str, object: str) -> bool:
    """Whether a payment has its ledger lines (`payment_unbooked`), or a balance transaction its own."""
    lines = select(LedgerEntry.id).limit(1)
    if kind == "payment_unbooked":
        lines = lines.join(Payment, Payment.id == LedgerEntry.payment_id).where(Payment.stripe_id == object)
    elif kind == "transaction_unbooked":
        lines = lines.where(LedgerEntry.stripe_id == object)
    else:
        return False
    return session.execute(lines).first() is not None


def press(session: Session, drift_id: int, *, by: int, at: datetime) -> None:
    """The one button of a line: have its root looked at again, or end a membership whose subscription is gone.

    Any other line without a root is settled by having been read. Raises `AlreadySettled`.
    """
    root = session.execute(select(Drift.root_id).where(Drift.id == drift_id)).scalar_one_or_none()
    if root:
        look_again(session, root, at=at)  # the job's row first
    row = session.execute(select(Drift).where(Drift.id == drift_id).with_for_update()).scalar_one_or_none()
    if row is None or row.settled_at is not None:
        raise AlreadySettled()
    row.settled_by = by
    if not row.root_id:
        row.settled_at = at
    if row.kind == "subscription_gone":
        end_without_stripe(session, row.object, at=at)
    verb = "repaired" if is_repairable(row) else "read"
    trail.note(
        session, actor_id=by, action=f"drift:{verb}", object=f"drift/{row.id}", at=at, kind=row.kind, of=row.object
    )


def is_repairable(row: Drift) -> bool:
    """Whether the button does more than say that somebody has read it."""
    return row.root_id is not None or row.kind == "subscription_gone"


def open_ones(session: Session) -> list[Drift]:
    """What differs now, the oldest first."""
    statement = select(Drift).where(Drift.settled_at.is_(None)).order_by(Drift.id).limit(SHOWN)
    return list(session.execute(statement).scalars())


def open_count(session: Session) -> int:
    """How many lines are open."""
    return session.execute(select(func.count()).where(Drift.settled_at.is_(None))).scalar_one()


def settled_ones(session: Session) -> list[Drift]:
    """What was settled lately, the newest first."""
    statement = select(Drift).where(Drift.settled_at.is_not(None)).order_by(Drift.settled_at.desc(), Drift.id.desc())
    return list(session.execute(statement.limit(50)).scalars())


def _open(kind: str, object: str) -> Update:
    return update(Drift).where(Drift.kind == kind, Drift.object == object, Drift.settled_at.is_(None))

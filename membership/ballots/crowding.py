"""Many memberships of one roll that were paid with one card, or begun in one network: staff are told, nobody is shut out.

It may be a family or an office; it may be somebody who buys votes. People look, and money that is given back before the
close takes its vote along. Cards and networks are known for a month, as keyed hashes, and of first payments only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot, BallotRoll
from membership.ballots.queries import ballot_by_id
from membership.giving.guard_models import CheckoutOrigin, PaymentTry
from membership.giving.models import Checkout
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.readers.queries import team

LEAST = {"card": 3, "network": 10}
"""From so many members of one roll on: a couple shares a card, a house shares a network."""
_SUBJECTS: dict[str, Any] = {"card": PaymentTry.card, "network": CheckoutOrigin.network}


@dataclass(frozen=True)
class Crowd:
    """So many of a roll whose memberships came from one `kind` ("card", "network"); `subject` is its keyed hash."""

    kind: str
    subject: str
    readers: tuple[int, ...]


def crowds(session: Session, ballot_id: int) -> list[Crowd]:
    """The crowds on a ballot's roll, the largest first."""
    found = [crowd for kind in LEAST for crowd in _crowds_of(session, ballot_id, kind)]
    return sorted(found, key=lambda crowd: (-len(crowd.readers), crowd.kind, crowd.subject))


def _crowds_of(session: Session, ballot_id: int, kind: str) -> list[Crowd]:
    subject = _SUBJECTS[kind]
    paid = (
        select(subject.label("subject"), Checkout.reader_id.label("reader_id"))
        .select_from(PaymentTry)
        .join(Checkout, Checkout.id == PaymentTry.checkout_id)
        .join(CheckoutOrigin, CheckoutOrigin.checkout_id == Checkout.id)
        .join(BallotRoll, (BallotRoll.reader_id == Checkout.reader_id) & (BallotRoll.ballot_id == ballot_id))
        .where(PaymentTry.paid, Checkout.kind == "membership", subject.is_not(None))
        .where(BallotRoll.reason == "membership")
        .distinct()
        .subquery()
    )
    many = select(paid.c.subject).group_by(paid.c.subject).having(func.count() >= LEAST[kind])
    rows = session.execute(
        select(paid).where(paid.c.subject.in_(many)).order_by(paid.c.subject, paid.c.reader_id)
    ).all()
    by_subject: dict[str, list[int]] = {}
    for row in rows:
        by_subject.setdefault(row.subject, []).append(row.reader_id)
    return [Crowd(kind, one, tuple(readers)) for one, readers in by_subject.items()]


def post_look(session: Session, ballot: Ballot, *, at: datetime) -> None:
    """Post the job that looks a roll through once it is written."""
    post(session, "ballots.crowds", f"ballot:{ballot.id}:crowds", {"ballot": ballot.id}, due_at=at)


def tell_of_crowds(session: Session, ballot_id: int, *, at: datetime) -> int:
    """Write to those who may look into payments, once for each crowd and size; returns how many letters were written."""
    ballot = ballot_by_id(session, ballot_id)
    if ballot is None or ballot.status != "open":
        return 0
    written = 0
    for crowd in crowds(session, ballot_id):
        for one in team(session, role="manager"):
            key = f"crowd:{ballot_id}:{crowd.kind}:{crowd.subject[:24]}:{len(crowd.readers)}:{one.reader_id}"
            to = Recipient(one.email, one.name, one.language, one.reader_id)
            written += write(session, "ballot_crowd", to, key=key, at=at, ballot=ballot, crowd=crowd)
    return written

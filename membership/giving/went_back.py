"""What of payments went back to whoever paid, as they are told it beside each payment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import UNDECIDED

ON_THE_WAY = ("pending", "requires_action")


@dataclass(frozen=True)
class WentBack:
    """Minor units in the payment's currency: `refunded` is confirmed, `on_the_way` is not yet. `undecided`: a bank has
    the money and decides; `lost`: it has decided for its customer."""

    refunded: int = 0
    on_the_way: int = 0
    undecided: bool = False
    lost: bool = False


def went_back(session: Session, payment_ids: Collection[int]) -> dict[int, WentBack]:
    """Of these payments the ones of which anything went back. What only we have asked for is not among it."""
    sums = select(Refund.payment_id, Refund.state, func.sum(Refund.amount)).where(
        Refund.payment_id.in_(payment_ids), Refund.state.in_((*ON_THE_WAY, "succeeded"))
    )
    refunded: dict[int, int] = {}
    on_the_way: dict[int, int] = {}
    for payment_id, state, amount in session.execute(sums.group_by(Refund.payment_id, Refund.state)):
        where = on_the_way if state in ON_THE_WAY else refunded
        where[payment_id] = where.get(payment_id, 0) + int(amount)
    disputes = select(Dispute.payment_id, Dispute.status).where(
        Dispute.payment_id.in_(payment_ids), Dispute.status.in_((*UNDECIDED, "lost"))
    )
    statuses: dict[int, set[str]] = {}
    for payment_id, status in session.execute(disputes):
        statuses.setdefault(payment_id, set()).add(status)
    return {
        one: WentBack(
            refunded.get(one, 0),
            on_the_way.get(one, 0),
            undecided=bool(statuses.get(one, set()) & UNDECIDED),
            lost="lost" in statuses.get(one, set()),
        )
        for one in refunded.keys() | on_the_way.keys() | statuses.keys()
    }

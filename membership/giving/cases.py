"""A reader's payments with everything that became of them: ledger lines, receipts, refunds, disputes. For staff."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import Base
from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import is_disputed, refunded
from membership.giving.models import LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.money import Money


@dataclass(frozen=True)
class PaymentCase:
    """One payment, and all that happened to it. `left` is what could still be refunded (nothing while it is disputed)."""

    payment: Payment
    amount: Money
    left: Money
    disputed: bool
    lines: tuple[LedgerEntry, ...]
    receipts: tuple[Receipt, ...]
    refunds: tuple[Refund, ...]
    disputes: tuple[Dispute, ...]

    @property
    def net(self) -> list[Money]:
        """What its ledger lines add up to, in each currency they were settled in."""
        sums: dict[str, int] = defaultdict(int)
        for line in self.lines:
            sums[line.currency] += line.amount
        return [Money(minor, code) for code, minor in sorted(sums.items())]

    @property
    def through_stripe(self) -> bool:
        """Whether Stripe collected it, and so can send it back."""
        return self.payment.payment_intent_id is not None


def cases_of(session: Session, reader_id: int) -> list[PaymentCase]:
    """Every payment of a reader, the newest first."""
    order = (Payment.paid_at.desc(), Payment.id.desc())
    return _cases(
        session, session.execute(select(Payment).where(Payment.reader_id == reader_id).order_by(*order)).scalars()
    )


def case_of(session: Session, reader_id: int, payment_id: int) -> PaymentCase | None:
    """One payment of this reader; None for anybody else's."""
    statement = select(Payment).where(Payment.reader_id == reader_id, Payment.id == payment_id)
    found = _cases(session, session.execute(statement).scalars())
    return found[0] if found else None


def _cases(session: Session, payments: Iterable[Payment]) -> list[PaymentCase]:
    rows = list(payments)
    ids = [payment.id for payment in rows]
    lines, receipts, refunds, disputes = (
        _by_payment(session, model, ids) for model in (LedgerEntry, Receipt, Refund, Dispute)
    )
    return [_case(row, lines[row.id], receipts[row.id], refunds[row.id], disputes[row.id]) for row in rows]


def _by_payment(session: Session, model: type[Base], ids: Sequence[int]) -> dict[int, list[Any]]:
    table: Any = model
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(select(table).where(table.payment_id.in_(ids)).order_by(table.id)).scalars():
        found[row.payment_id].append(row)
    return found


def _case(
    payment: Payment,
    lines: list[LedgerEntry],
    receipts: list[Receipt],
    refunds: list[Refund],
    disputes: list[Dispute],
) -> PaymentCase:
    disputed = is_disputed(row.status for row in disputes)
    held = refunded((row.state, row.amount) for row in refunds)
    return PaymentCase(
        payment=payment,
        amount=Money(payment.amount, payment.currency),
        left=Money(0 if disputed else max(payment.amount - held, 0), payment.currency),
        disputed=disputed,
        lines=tuple(lines),
        receipts=tuple(receipts),
        refunds=tuple(refunds),
        disputes=tuple(disputes),
    )

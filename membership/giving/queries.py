"""Questions about checkouts, payments and receipts."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, select, union
from sqlalchemy.orm import Session

from membership.db import find, run
from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import DISPUTE_TAKES, REFUND_HOLDS, UNDECIDED
from membership.giving.guard_models import CheckoutOrigin
from membership.giving.models import Checkout, Payment, StripeCustomer
from membership.giving.receipt_models import Receipt

DISPUTES_SHOWN = 20


def checkout_by_session(session: Session, session_id: str) -> Checkout | None:
    """The checkout that opened this Checkout session."""
    return session.execute(select(Checkout).where(Checkout.session_id == session_id)).scalar_one_or_none()


def checkout_by_attempt(session: Session, attempt: str) -> Checkout | None:
    """The checkout that this attempt (`rules.attempt_key`) began."""
    return session.execute(select(Checkout).where(Checkout.attempt == attempt)).scalar_one_or_none()


def checkout_by_token(session: Session, token: str | None) -> Checkout | None:
    """The checkout that Stripe carried this token for."""
    return session.execute(select(Checkout).where(Checkout.token == token)).scalar_one_or_none() if token else None


def customer_of(session: Session, reader_id: int) -> str | None:
    """The Stripe customer as whom a reader pays: of several, one that does not rest."""
    statement = select(StripeCustomer.customer_id).where(StripeCustomer.reader_id == reader_id)
    awake_first = (StripeCustomer.rests_since.is_not(None), StripeCustomer.customer_id)
    return session.execute(statement.order_by(*awake_first).limit(1)).scalar_one_or_none()


def customers_of(session: Session, reader_id: int) -> list[str]:
    """Every Stripe customer of a reader."""
    statement = select(StripeCustomer.customer_id).where(StripeCustomer.reader_id == reader_id)
    return list(session.execute(statement.order_by(StripeCustomer.customer_id)).scalars())


def reader_of_customer(session: Session, customer_id: str | None) -> int | None:
    """The reader behind a Stripe customer."""
    if not customer_id:
        return None
    statement = select(StripeCustomer.reader_id).where(StripeCustomer.customer_id == customer_id)
    return session.execute(statement).scalar_one_or_none()


_BY_INTENT = select(Payment).where(Payment.payment_intent_id == bindparam("intent"))
_BOOKED = select(
    Payment.id,
    (exists().where(Refund.payment_id == Payment.id) | exists().where(Dispute.payment_id == Payment.id)).label("corrected"),
).where(Payment.payment_intent_id == bindparam("intent"))


def payment_by_intent(session: Session, payment_intent_id: str) -> Payment | None:
    """The payment that Stripe collected by this payment intent, of whatever kind."""
    return find(session, Payment, _BY_INTENT, {"intent": payment_intent_id})


class Booked(NamedTuple):
    """A payment that our books hold, and whether they hold a refund or dispute of it."""

    id: int
    corrected: bool


def booked_by(books: Session | Connection, payment_intent_id: str) -> Booked | None:
    """The same, as much as most need to know."""
    row = run(books, _BOOKED, {"intent": payment_intent_id}).first()
    return Booked(row.id, bool(row.corrected)) if row else None


def payment_counts() -> ColumnElement[bool]:
    """`correction_rules.counts` as an SQL condition on `Payment`: not refunded in full, and not disputed."""
    held = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == Payment.id, Refund.state.in_(REFUND_HOLDS)
    )
    disputed = exists().where(Dispute.payment_id == Payment.id, Dispute.status.in_(DISPUTE_TAKES))
    return and_(held.correlate(Payment).scalar_subquery() < Payment.amount, ~disputed.correlate(Payment))


def refunds_of(session: Session, payment_id: int) -> list[Refund]:
    """Every refund of a payment, the first one first."""
    return list(session.execute(select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.id)).scalars())


def disputes_of(session: Session, payment_id: int) -> list[Dispute]:
    """Every dispute of a payment, the first one first."""
    return list(session.execute(select(Dispute).where(Dispute.payment_id == payment_id).order_by(Dispute.id)).scalars())


def waiting_once(session: Session, reader_id: int, person: str) -> list[Checkout]:
    """One-time payments of a reader that their bank still works on, the newest first: begun when signed in, or by their
    address (`person`: `guarding.person_key` of it). A membership that waits is shown as what it is."""
    mine = union(
        select(Checkout.id).where(Checkout.reader_id == reader_id),
        select(CheckoutOrigin.checkout_id).where(CheckoutOrigin.person == person),
    )
    waiting = (Checkout.state == "waiting", Checkout.kind.in_(("donation", "gift")), Checkout.id.in_(mine))
    return list(session.execute(select(Checkout).where(*waiting).order_by(Checkout.id.desc())).scalars())


def undecided_disputes(session: Session) -> list[tuple[Dispute, Payment]]:
    """Disputes that a bank has yet to decide, the oldest first: each is to be answered in time. Inquiries included."""
    waiting = Dispute.status.in_(UNDECIDED | {"warning_needs_response", "warning_under_review"})
    statement = select(Dispute, Payment).join(Payment, Payment.id == Dispute.payment_id).where(waiting)
    rows = session.execute(statement.order_by(Dispute.opened_at, Dispute.id).limit(DISPUTES_SHOWN)).all()
    return [(dispute, payment) for dispute, payment in rows]


def payments_of(session: Session, reader_id: int) -> list[tuple[Payment, Receipt | None]]:
    """A reader's payments with their newest receipts (void ones included), the newest first."""
    newest = select(func.max(Receipt.id)).where(Receipt.payment_id == Payment.id).correlate(Payment).scalar_subquery()
    statement = (
        select(Payment, Receipt)
        .outerjoin(Receipt, Receipt.id == newest)
        .where(Payment.reader_id == reader_id)
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
    )
    return [(payment, receipt) for payment, receipt in session.execute(statement)]


def receipt_of(session: Session, reader_id: int, number: str) -> tuple[Payment, Receipt] | None:
    """A reader's own receipt by its number; None for anybody else's."""
    year, _, sequence = number.partition("-")
    if not (re.fullmatch(r"[0-9]{4}", year) and re.fullmatch(r"[0-9]{1,9}", sequence)):
        return None
    statement = (
        select(Payment, Receipt)
        .join(Receipt, Receipt.payment_id == Payment.id)
        .where(Payment.reader_id == reader_id, Receipt.year == int(year), Receipt.sequence == int(sequence))
    )
    row = session.execute(statement).first()
    return (row[0], row[1]) if row else None

"""Verbs about money that goes back: keeping refunds and disputes in step with Stripe, and what follows for receipts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.gateway.readings import Booking, DisputeReading, RefundReading
from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import counts, dispute_news, is_disputed, is_undecided, refund_amount, refunded
from membership.giving.ledger import book
from membership.giving.models import Payment
from membership.giving.queries import disputes_of, refunds_of
from membership.giving.receipt_models import Receipt
from membership.giving.receipts import post_receipt
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.money import Money
from membership.readers import trail
from membership.readers.models import Person
from membership.web.tokens import new_token

STOP_CARD = "giving.stop_card"
"""The job by which a disputed card is charged no more."""


def ask_refund(
    session: Session, payment: Payment, asked: Money, *, reason: str, attempt: str, by: int, locale: str, at: datetime
) -> Refund:
    """Write down that staff want money sent back; Stripe is asked afterwards. The same form sent twice is one refund.

    Raises `NothingLeftToRefund`, `MoreThanIsLeft`.
    """
    session.execute(select(Payment.id).where(Payment.id == payment.id).with_for_update())
    found = session.execute(select(Refund).where(Refund.token == attempt)).scalar_one_or_none()
    if found is not None:
        return found
    paid = Money(payment.amount, payment.currency)
    held, disputed = _held(session, payment)
    amount = refund_amount(asked, paid=paid, refunded=held, disputed=disputed, locale=locale)
    refund = Refund(
        token=attempt,
        payment_id=payment.id,
        currency=amount.currency,
        amount=amount.minor,
        state="asked",
        reason=reason,
        asked_by=by,
        asked_at=at,
    )
    session.add(refund)
    session.flush()
    detail = {"minor": amount.minor, "currency": amount.currency, "reason": reason}
    trail.note(session, actor_id=by, action="refund:asked", object=f"payment/{payment.id}", at=at, **detail)
    return refund


def note_refused(session: Session, token: str) -> None:
    """Stripe would not refund: nothing went back."""
    asked = (Refund.token == token, Refund.state == "asked")
    session.execute(update(Refund).where(*asked).values(state="refused"))


def keep_corrections(
    session: Session,
    payment: Payment,
    refunds: Sequence[RefundReading],
    disputes: Sequence[DisputeReading],
    *,
    at: datetime,
) -> bool:
    """Bring a payment's refunds and disputes to what Stripe says; tells whether the payment still counts.

    Each is a row, each booking a ledger line; a receipt is voided when the payment stops to count, and a new one issued
    when it counts again. To be called under the payment's lease; told twice it changes nothing. What had become of a payment
    before it was taken over from another system is kept, and that is all: no letter, no receipt, no card taken off.
    """
    session.execute(select(Payment.id).where(Payment.id == payment.id).with_for_update())
    was_disputed, was_undecided = _held(session, payment)[1], _is_undecided(session, payment)
    for refund in refunds:
        _keep_refund(session, payment, refund, at=at)
    for dispute in disputes:
        _keep_dispute(session, payment, dispute)
    session.flush()
    held, disputed = _held(session, payment)
    fresh = any(is_disputed([one.status]) and _is_ours(payment, one.created_at) for one in disputes)
    if disputed and not was_disputed and fresh and payment.payment_intent_id:
        about = {"payment_intent": payment.payment_intent_id}
        post(session, STOP_CARD, f"stop-card:{payment.payment_intent_id}", about, due_at=at)
    undecided = _is_undecided(session, payment)
    news = dispute_news(was_disputed, disputed, was_undecided=was_undecided, undecided=undecided)
    if news is not None and any(_is_ours(payment, one.created_at) for one in disputes):
        _tell_dispute(session, payment, news, disputes, at=at)
    counting = counts(payment.amount, refunded=held, disputed=disputed)
    _follow_with_receipt(session, payment, counting, "dispute" if disputed else "refund", at=at)
    return counting


def _held(session: Session, payment: Payment) -> tuple[int, bool]:
    held = refunded((row.state, row.amount) for row in refunds_of(session, payment.id))
    return held, is_disputed(row.status for row in disputes_of(session, payment.id))


def _is_undecided(session: Session, payment: Payment) -> bool:
    return is_undecided(row.status for row in disputes_of(session, payment.id))


def _keep_refund(session: Session, payment: Payment, reading: RefundReading, *, at: datetime) -> None:
    row = _refund_row(session, payment, reading)
    before, row.state = row.state, reading.status
    _book(session, payment, "refund", reading.booked)
    _book(session, payment, "refund_returned", reading.failure)
    if not _is_ours(payment, reading.created_at):
        return
    if reading.status == "succeeded" and before != "succeeded":
        _tell_refund(session, payment, row, "refunded", at=at)
    elif reading.status in ("failed", "canceled") and before == "succeeded":
        _tell_refund(session, payment, row, "refund_failed", at=at)


def _is_ours(payment: Payment, happened_at: datetime) -> bool:
    """Whether something befell a payment while it stood in these books."""
    return payment.taken_over_at is None or happened_at >= payment.taken_over_at


def _refund_row(session: Session, payment: Payment, reading: RefundReading) -> Refund:
    """Our row for Stripe's refund: by its id, else the one that asked for it, else a new one (made in the dashboard)."""
    known = session.execute(select(Refund).where(Refund.stripe_id == reading.id)).scalar_one_or_none()
    if known is None and reading.token:
        known = session.execute(select(Refund).where(Refund.token == reading.token)).scalar_one_or_none()
    if known is None:
        known = Refund(
            token=new_token(),
            payment_id=payment.id,
            currency=reading.currency,
            amount=reading.amount,
            state="pending",
            reason=reading.reason or "",
            asked_at=reading.created_at,
        )
        session.add(known)
    known.stripe_id = reading.id
    return known


def _keep_dispute(session: Session, payment: Payment, reading: DisputeReading) -> None:
    insert_once(
        session,
        Dispute,
        stripe_id=reading.id,
        payment_id=payment.id,
        currency=reading.currency,
        amount=reading.amount,
        status=reading.status,
        reason=reading.reason,
        opened_at=reading.created_at,
    )
    session.execute(update(Dispute).where(Dispute.stripe_id == reading.id).values(status=reading.status))
    for booking in reading.bookings:
        _book(session, payment, "dispute", booking)


def _book(session: Session, payment: Payment, kind: str, booking: Booking | None) -> None:
    if booking is not None:
        book(session, booking, kind=kind, payment_id=payment.id)


def _follow_with_receipt(session: Session, payment: Payment, counting: bool, reason: str, *, at: datetime) -> None:
    valid = (Receipt.payment_id == payment.id, Receipt.voided_at.is_(None))
    if not counting:
        session.execute(update(Receipt).where(*valid).values(voided_at=at, void_reason=reason))
    elif payment.taken_over_at is None and session.execute(select(Receipt.id).where(*valid)).scalar_one_or_none() is None:
        post_receipt(session, payment, at=at)


def _tell_refund(session: Session, payment: Payment, refund: Refund, kind: str, *, at: datetime) -> None:
    person = session.get(Person, payment.reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        amount = Money(refund.amount, refund.currency)
        paid = Money(payment.amount, payment.currency)
        session.flush()
        gone = sum(row.amount for row in refunds_of(session, payment.id) if row.state == "succeeded")
        write(
            session,
            kind,
            to,
            key=f"{kind.replace('_', '-')}:{refund.stripe_id}",
            at=at,
            amount=amount,
            paid=paid,
            payment=payment,
            whole=gone >= payment.amount,
        )


def _tell_dispute(
    session: Session, payment: Payment, news: str, disputes: Sequence[DisputeReading], *, at: datetime
) -> None:
    """A bank took a payment back, gave it back or decided: whoever paid hears what that means for them, once each."""
    person = session.get(Person, payment.reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        key = f"disputed:{':'.join(sorted(one.id for one in disputes))}:{news}"
        amount = Money(payment.amount, payment.currency)
        write(session, "payment_disputed", to, key=key, at=at, news=news, payment=payment, amount=amount)

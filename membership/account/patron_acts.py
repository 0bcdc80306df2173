"""What staff do about a reader. Each act is noted in the audit trail in its own transaction, and so is every look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.account.actions import look_again
from membership.account.models import PatronNote
from membership.account.patrons import known, letter_of
from membership.account.rules import CannotSendAgain, NotSentBackThere
from membership.db import insert_once
from membership.gateway import looking
from membership.gateway.readings import RefundReading, SubscriptionReading
from membership.giving.correction_models import Refund
from membership.giving.corrections import ask_refund, keep_corrections, note_refused
from membership.giving.models import Payment
from membership.giving.rules import FormUsed, attempt_key
from membership.jobs.queue import post
from membership.mail.bounces import lift
from membership.mail.many import text_of
from membership.mail.models import Letter
from membership.memberships import gifts
from membership.memberships.actions import hold_membership, keep_in_step, reckon_standing
from membership.memberships.models import Membership
from membership.money import Money
from membership.readers.models import Person
from membership.readers.trail import note
from membership.refusals import NotFound


def look(session: Session, reader_id: int, *, by: int, at: datetime) -> None:
    """Somebody of the team looked at a reader. Raises `NotFound`."""
    known(session, reader_id)
    note(session, actor_id=by, action="patron:looked", object=f"reader/{reader_id}", at=at)


def search(session: Session, *, by: int, found: int, all_of_them: bool, at: datetime) -> None:
    """Somebody of the team went through the list; what was sought may be a name, so it is not kept."""
    which = "all" if all_of_them else "search"
    note(session, actor_id=by, action="patrons:listed", object="readers", at=at, which=which, found=found)


def trust_address(session: Session, reader_id: int, *, by: int, at: datetime) -> None:
    """Bulletins and news are written again to an address that took no letters. Raises `NotFound`."""
    known(session, reader_id)
    if lift(session, reader_id, at=at):
        note(session, actor_id=by, action="address:trusted", object=f"reader/{reader_id}", at=at)


def read_letter(session: Session, reader_id: int, letter_id: int, *, by: int, at: datetime) -> Letter:
    """A letter to a reader, as it was sent. Raises `NotFound`."""
    letter = letter_of(session, reader_id, letter_id)
    note(session, actor_id=by, action="letter:read", object=f"letter/{letter_id}", at=at, reader=reader_id)
    return letter


def send_again(session: Session, reader_id: int, letter_id: int, *, attempt: str, by: int, at: datetime) -> bool:
    """The same words once more, as a letter of its own to the reader's present address. False: this form sent it before.

    One that carried a secret is gone for good. Raises `NotFound`, `CannotSendAgain`.
    """
    letter = letter_of(session, reader_id, letter_id)
    person = session.get(Person, reader_id)
    if letter.fleeting or person is None:
        raise CannotSendAgain()
    key = attempt_key(attempt, "again", letter.id)
    inserted = insert_once(
        session, Letter, key=f"again:{key}", kind=letter.kind, reader_id=reader_id, address=person.email,
        language=letter.language, subject=letter.subject, text=text_of(session, letter), fleeting=False, state="queued",
        written_at=at,
    )  # fmt: skip
    if inserted:
        copy_id = session.execute(select(Letter.id).where(Letter.key == f"again:{key}")).scalar_one()
        post(session, "mail.send", f"letter:{copy_id}", {"letter": copy_id}, due_at=at)
        note(session, actor_id=by, action="letter:resent", object=f"letter/{letter_id}", at=at, copy=copy_id)
    return inserted


def write_note(session: Session, reader_id: int, text: str, *, attempt: str, by: int, at: datetime) -> None:
    """Write something down about a reader; the same form sent twice is one note. Raises `NotFound`."""
    known(session, reader_id)
    values = {"reader_id": reader_id, "author_id": by, "text": text, "written_at": at}
    if insert_once(session, PatronNote, attempt=attempt_key(attempt, "note", reader_id), **values):
        note(session, actor_id=by, action="note:written", object=f"reader/{reader_id}", at=at, characters=len(text))


def ask_money_back(
    session: Session, payment: Payment, asked: Money, *, reason: str, attempt: str, by: int, locale: str, at: datetime
) -> Refund:
    """Write a refund down before Stripe is asked; the same form is one refund, also when it is sent twice.

    Raises `NothingLeftToRefund`, `MoreThanIsLeft`, `NotSentBackThere`, `FormUsed` (sent again with another amount).
    """
    if payment.payment_intent_id is None:
        raise NotSentBackThere()
    token = attempt_key(attempt, "refund", payment.id)
    refund = ask_refund(session, payment, asked, reason=reason, attempt=token, by=by, locale=locale, at=at)
    if refund.amount != asked.minor:
        raise FormUsed()
    return refund


def keep_answer(session: Session, payment: Payment, answered: Sequence[RefundReading], *, at: datetime) -> None:
    """What Stripe answered to a refund, with all that follows from it.

    It was not fetched under the payment's lease; the job that is posted first (jobs are locked before payments, as the
    worker does it) fetches once more and puts right what a race made stale.
    """
    look_at_payment(session, payment, at=at)
    membership = hold_membership(session, payment)
    keep_corrections(session, payment, answered, [], at=at)
    if membership is not None:
        reckon_standing(session, membership, at=at)
    gifts.follow_money(session, payment, at=at)


def keep_refusal(session: Session, payment: Payment, refund: Refund, *, by: int, at: datetime) -> None:
    """Stripe would not send it back; the worker looks why (perhaps the dashboard was quicker)."""
    look_at_payment(session, payment, at=at)
    note_refused(session, refund.token)
    note(session, actor_id=by, action="refund:refused", object=f"payment/{payment.id}", at=at, refund=refund.id)


def look_at_payment(session: Session, payment: Payment, *, at: datetime) -> None:
    """Have the worker fetch a payment under its lease, as if Stripe had told of it."""
    root = payment.payment_intent_id
    if root is not None:
        looking.look_again(session, root, at=at)


def waiting_refund(session: Session, reader_id: int, refund_id: int) -> tuple[Payment, Refund]:
    """A refund of this reader's money that Stripe was asked for and has not confirmed. Raises `NotFound`."""
    statement = (
        select(Payment, Refund)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Payment.reader_id == reader_id, Refund.id == refund_id, Refund.state == "asked")
    )
    row = session.execute(statement).first()
    if row is None:
        raise NotFound()
    return row[0], row[1]


def ending(session: Session, membership_id: int, *, by: int, at: datetime) -> None:
    """Staff asked for a membership's end at once: noted before Stripe is asked."""
    note(session, actor_id=by, action="membership:ending", object=f"membership/{membership_id}", at=at)


def keep_ending(session: Session, answered: SubscriptionReading, *, at: datetime) -> Membership:
    """What Stripe answered to it: letter, movement and standing follow as for every end."""
    look_again(session, answered.id, at=at)
    return keep_in_step(session, answered, at=at)

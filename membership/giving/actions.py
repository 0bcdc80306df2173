"""Verbs about money that arrives: beginning a checkout, booking a payment, receiving a donation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once, insert_once_as
from membership.gateway.readings import CheckoutReading, PaymentReading, Settlement
from membership.giving.ledger import book
from membership.giving.models import Checkout, Payment, StripeCustomer
from membership.giving.payers import note_payer
from membership.giving.queries import checkout_by_token, reader_of_customer
from membership.giving.receipts import post_receipt
from membership.mail.writing import Recipient, write
from membership.money import Money
from membership.readers import actions as readers
from membership.readers.models import Reader
from membership.web.tokens import new_token


@dataclass(frozen=True)
class Asked:
    """What a reader asked for in a form. `attempt` is `rules.attempt_key`; `reader_id` only for the signed in."""

    attempt: str
    kind: str
    email: str
    amount: Money
    language: str
    browser_hash: str
    article_id: int | None = None
    reader_id: int | None = None
    fee_cover: int | None = None


def begin_checkout(session: Session, asked: Asked, *, at: datetime) -> Checkout:
    """The checkout of this attempt: a new row, or the one that the same attempt began before."""
    insert_once(
        session,
        Checkout,
        token=new_token(),
        attempt=asked.attempt,
        kind=asked.kind,
        state="begun",
        reader_id=asked.reader_id,
        email=asked.email,
        language=asked.language,
        currency=asked.amount.currency,
        amount=asked.amount.minor,
        fee_cover=asked.fee_cover,
        article_id=asked.article_id,
        browser_hash=asked.browser_hash,
        begun_at=at,
    )
    return session.execute(select(Checkout).where(Checkout.attempt == asked.attempt)).scalar_one()


def note_opened(session: Session, checkout_id: int, *, session_id: str, url: str) -> None:
    """Stripe opened the hosted page for a checkout."""
    still_begun = (Checkout.id == checkout_id, Checkout.state == "begun")
    session.execute(update(Checkout).where(*still_begun).values(state="open", session_id=session_id, session_url=url))


def note_checkout(session: Session, reading: CheckoutReading) -> None:
    """Bring a checkout's state in step with its session. Only a payment that was booked makes it `paid`."""
    if reading.status == "expired":
        _note_state(session, reading.token, "expired")
    elif reading.status == "complete" and reading.payment_status == "unpaid":
        _note_state(session, reading.token, "waiting")


def note_waiting(session: Session, token: str | None) -> None:
    """The payment of a checkout is on its way through the bank (SEPA and other slow methods)."""
    _note_state(session, token, "waiting")


def note_failed(session: Session, token: str | None, *, at: datetime, told: bool = False) -> None:
    """The bank refused what a checkout was waiting for; the payer gets a letter, once.

    One that is still open stays so, because another card may be tried there; unless Stripe `told` that the session's own
    debit was returned.
    """
    if not _note_state(session, token, "failed", only_from=("open", "waiting") if told else ("waiting",)):
        return
    checkout = checkout_by_token(session, token)
    assert checkout is not None
    if not checkout.email:
        return  # erased: there is nobody to tell
    to = Recipient(checkout.email, "", checkout.language, checkout.reader_id)
    amount = Money(checkout.amount, checkout.currency)
    write(session, "payment_not_made", to, key=f"not-made:{checkout.token}", at=at, checkout=checkout, amount=amount)


def _note_state(
    session: Session, token: str | None, state: str, *, only_from: Sequence[str] = ("begun", "open", "waiting")
) -> bool:
    """One guarded statement: what was paid meanwhile stays paid. Whether it changed anything."""
    rows = (Checkout.token == token, Checkout.state.in_(only_from))
    changed = session.execute(update(Checkout).where(*rows).values(state=state))
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def reader_behind(session: Session, token: str | None, customer_id: str | None, *, at: datetime) -> int | None:
    """Whose money it is: the reader of our checkout, else of a Stripe customer we know. None: not ours.

    An address alone never decides: the checkout row was written by our own form, and its session locks the address.
    """
    checkout = checkout_by_token(session, token)
    if checkout is None:
        return reader_of_customer(session, customer_id)
    if checkout.reader_id is None and not checkout.email:
        return reader_of_customer(session, customer_id)  # abandoned long ago, and its address wiped
    if checkout.reader_id is None:
        person = readers.know(session, checkout.email, at=at, language=checkout.language)
        checkout.reader_id = person.reader_id
    if customer_id:
        note_payer(session, customer_id, checkout.reader_id, at=at)
    return checkout.reader_id


def forget_customer(session: Session, customer_id: str) -> bool:
    """A payer was deleted at Stripe: never charged again under this name. Tells whether we knew it."""
    erased = select(Reader.id).where(Reader.erased_at.is_not(None))  # their payers stay known, as those who are gone
    gone = delete(StripeCustomer).where(StripeCustomer.customer_id == customer_id, StripeCustomer.reader_id.not_in(erased))
    return bool(session.execute(gone.returning(StripeCustomer.customer_id)).first())


def book_payment(
    session: Session,
    *,
    stripe_id: str,
    reader_id: int,
    kind: str,
    amount: Money,
    paid_at: datetime,
    settlement: Settlement | None,
    article_id: int | None,
    checkout_id: int | None = None,
    receipted: bool = True,
    at: datetime,
) -> Payment:
    """One payment of a paid object, however often it is told: its row, its ledger lines, its receipt and letter.

    Not `receipted` is what another system collected and gave a receipt for.
    """
    new = insert_once_as(
        session,
        Payment,
        stripe_id=stripe_id,
        reader_id=reader_id,
        kind=kind,
        currency=amount.currency,
        amount=amount.minor,
        paid_at=paid_at,
        taken_over_at=None if receipted else at,
        payment_intent_id=settlement.payment_intent_id if settlement else None,
        charge_id=settlement.charge_id if settlement else None,
        method=settlement.method if settlement else "other",
        card_brand=settlement.card_brand if settlement else None,
        card_last4=settlement.card_last4 if settlement else None,
        article_id=article_id,
        checkout_id=checkout_id,
    )
    payment = new or session.execute(select(Payment).where(Payment.stripe_id == stripe_id)).scalar_one()
    if settlement is not None and settlement.booked is not None:
        book(session, settlement.booked, kind="gross", payment_id=payment.id)
    if new is not None and receipted:
        post_receipt(session, payment, at=at)
    return payment


def receive_donation(session: Session, paid: PaymentReading, *, at: datetime) -> Payment | None:
    """A payment intent that succeeded for one of our donation checkouts; None when it is not one of them."""
    checkout = checkout_by_token(session, paid.token)
    if checkout is None or checkout.kind != "donation" or paid.status != "succeeded":
        return None
    reader_id = reader_behind(session, paid.token, paid.customer_id, at=at)
    assert reader_id is not None
    checkout.state = "paid"
    return book_payment(
        session,
        stripe_id=paid.id,
        reader_id=reader_id,
        kind="donation",
        amount=Money(paid.amount, paid.currency),
        paid_at=paid.settlement.paid_at if paid.settlement else paid.created_at,
        settlement=paid.settlement,
        article_id=checkout.article_id,
        checkout_id=checkout.id,
        at=at,
    )

"""Issuing receipts: numbered per year without gaps, one per payment, sent as a letter of thanks."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.giving.models import Payment
from membership.giving.receipt_models import Receipt, ReceiptBook, ReceiptDetails
from membership.mail.writing import Recipient, write
from membership.money import Money
from membership.newsroom import queries as newsroom
from membership.newsroom.models import Newsroom
from membership.readers.models import Person


def post_receipt(session: Session, payment: Payment, *, at: datetime, payer: str | None = None) -> Receipt:
    """Number a payment's receipt and write the letter that carries it. One valid one per payment, however often told.

    `payer` names who gave when no person is known.
    """
    person = session.get(Person, payment.reader_id)
    language = person.language if person else "en"
    receipt = _number(session, payment, language, payer, at=at)
    if person is not None:
        to = Recipient(person.email, person.name, language, person.reader_id)
        amount = Money(payment.amount, payment.currency)
        key = f"receipt:{receipt.number}"
        write(session, "receipt", to, key=key, at=at, payment=payment, receipt=receipt, amount=amount)
    return receipt


_VALID = select(Receipt).where(Receipt.payment_id == bindparam("payment"), Receipt.voided_at.is_(None))
_BUMP = (
    update(ReceiptBook)
    .where(ReceiptBook.year == bindparam("of"))
    .values(last=ReceiptBook.last + 1)
    .returning(ReceiptBook.last)
    .execution_options(synchronize_session=False)
)


def _number(session: Session, payment: Payment, language: str, payer: str | None, *, at: datetime) -> Receipt:
    found = session.execute(_VALID, {"payment": payment.id}).scalar_one_or_none()
    if found is not None:
        return found
    own = newsroom.current(session)
    zone = own.time_zone if own else "UTC"
    year = at.astimezone(ZoneInfo(zone)).year
    # The row stays locked until the commit: the next receipt waits, and a rollback gives the number back.
    sequence = session.execute(_BUMP, {"of": year}).scalar_one_or_none()
    if sequence is None:  # the year's first
        insert_once(session, ReceiptBook, year=year, last=0)
        sequence = session.execute(_BUMP, {"of": year}).scalar_one()
    receipt = Receipt(
        payment_id=payment.id, year=year, sequence=sequence, language=language, issued_at=at,
        payer=payer or payer_lines(session, payment.reader_id), issuer=issuer_lines(own),
    )  # fmt: skip
    session.add(receipt)
    session.flush()
    return receipt


def payer_lines(session: Session, reader_id: int) -> str:
    """To whom a receipt is made out now: the reader's own details, else name and address for letters. Empty once erased."""
    person, details = session.get(Person, reader_id), session.get(ReceiptDetails, reader_id)
    if details is not None:
        return _lines(details.name, *details.address.splitlines())
    return _lines(person.name, person.email) if person else ""


def issuer_lines(own: Newsroom | None) -> str:
    """Who issues a receipt now, as it is printed."""
    return _lines(own.legal_name or own.name, own.legal_address, own.tax_number) if own else ""


def _lines(*parts: str) -> str:
    return "\n".join(part.strip() for part in parts if part and part.strip())


def keep_details(session: Session, reader_id: int, *, name: str, address: str) -> None:
    """To whom receipts are made out from now on; both empty: simply to the reader. Issued ones stay as they are."""
    found = session.get(ReceiptDetails, reader_id)
    if not name and not address:
        if found is not None:
            session.delete(found)
    elif found is not None:
        found.name, found.address = name, address
    else:
        insert_once(session, ReceiptDetails, reader_id=reader_id, name=name, address=address)

"""Issuing receipts: numbered per year without gaps, one per payment, sent as a letter of thanks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once, insert_once_as, run
from membership.giving.models import Payment
from membership.giving.receipt_models import Receipt, ReceiptBook, ReceiptDetails
from membership.mail.writing import Recipient, write
from membership.money import Money
from membership.newsroom.models import Newsroom
from membership.readers.models import Person, Reader


@dataclass(frozen=True)
class Parties:
    """Between whom a receipt would be made out now: `payer` and `issuer` as printed (empty: erased, or not set up yet), where
    its letter goes (None: nowhere), and the newsroom's time zone, whose year numbers it."""

    payer: str
    issuer: str
    to: Recipient | None
    zone: str


def post_receipt(session: Session, payment: Payment, *, at: datetime, payer: str | None = None) -> Receipt:
    """Number the receipt of a payment that has no valid one (the database refuses a second), and write the letter that
    carries it. `payer` names who gave when no person is known.
    """
    between = parties(session, payment.reader_id)
    receipt = _number(session, payment, between, payer, at=at)
    if between.to is not None:
        amount = Money(payment.amount, payment.currency)
        key = f"receipt:{receipt.number}"
        write(session, "receipt", between.to, key=key, at=at, payment=payment, receipt=receipt, amount=amount)
    return receipt


_BUMP = (
    update(ReceiptBook)
    .where(ReceiptBook.year == bindparam("of"))
    .values(last=ReceiptBook.last + 1)
    .returning(ReceiptBook.last)
    .execution_options(synchronize_session=False)
)


def _number(session: Session, payment: Payment, between: Parties, payer: str | None, *, at: datetime) -> Receipt:
    year = at.astimezone(ZoneInfo(between.zone)).year
    # The row stays locked until the commit: the next receipt waits, and a rollback gives the number back.
    sequence = run(session, _BUMP, {"of": year}).scalar()
    if sequence is None:  # the year's first
        insert_once(session, ReceiptBook, year=year, last=0)
        sequence = run(session, _BUMP, {"of": year}).scalar()
    receipt = insert_once_as(
        session, Receipt, payment_id=payment.id, year=year, sequence=sequence,
        language=between.to.language if between.to else "en", issued_at=at, voided_at=None, void_reason=None,
        payer=payer or between.payer, issuer=between.issuer,
    )  # fmt: skip
    assert receipt is not None, "this payment has a valid receipt"
    return receipt


_PARTIES = (
    select(
        Person.reader_id, Person.email, Person.name, Person.language,
        ReceiptDetails.name.label("made_out_to"), ReceiptDetails.address,
        Newsroom.name.label("newsroom"), Newsroom.legal_name, Newsroom.legal_address, Newsroom.tax_number,
        Newsroom.time_zone,
    )
    .select_from(Reader)
    .outerjoin(Person, Person.reader_id == Reader.id)
    .outerjoin(ReceiptDetails, ReceiptDetails.reader_id == Reader.id)
    .outerjoin(Newsroom, Newsroom.id == 1)
    .where(Reader.id == bindparam("reader"))
)  # fmt: skip


def parties(session: Session, reader_id: int) -> Parties:
    """Who gives and who receives: the reader's own details for receipts, else name and address for letters."""
    row = run(session, _PARTIES, {"reader": reader_id}).one()
    to = Recipient(row.email, row.name, row.language, reader_id) if row.reader_id is not None else None
    if row.made_out_to is not None:
        payer = _lines(row.made_out_to, *row.address.splitlines())
    else:
        payer = _lines(to.name, to.address) if to else ""
    if row.time_zone is None:
        return Parties(payer, "", to, "UTC")
    return Parties(payer, _lines(row.legal_name or row.newsroom, row.legal_address, row.tax_number), to, row.time_zone)


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

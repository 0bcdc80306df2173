"""Verbs about gifts that did not come through Stripe: recorded by staff, they count wherever money counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.giving.correction_models import Refund
from membership.giving.models import LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.giving.receipts import post_receipt
from membership.giving.rules import attempt_key
from membership.giving.way_models import OtherGift, OtherWays
from membership.money import Money
from membership.newsroom.queries import own_language
from membership.readers import actions as readers
from membership.readers.models import Reader
from membership.readers.trail import note
from membership.refusals import N_, NotFound, Refused

FIELDS = (
    "holder", "iban", "bic", "paypal", "cheque", "crypto_name", "crypto_address", "in_kind", "share", "volunteer", "shop",
)  # fmt: skip
"""What /ways may show, by the names of `OtherWays`."""


class UndoneAlready(Refused):
    """Taken back before."""

    status = 409
    words = N_("This gift has been taken out of the books already.")


@dataclass(frozen=True)
class Gift:
    """A gift as recorded. `key` makes it one however often it is told; without an address the name alone is known."""

    key: str
    way: str
    amount: Money
    paid_at: datetime
    name: str
    email: str
    reference: str


def ways(session: Session) -> OtherWays:
    """What is configured; all empty while nothing is."""
    found = session.get(OtherWays, 1)
    return found or OtherWays(id=1, **dict.fromkeys(FIELDS, ""))


def change_ways(session: Session, values: dict[str, str], *, by: int, at: datetime) -> None:
    """Change what /ways shows. Where money goes is worth a line in the audit trail each time."""
    insert_once(session, OtherWays, id=1, **dict.fromkeys(values, ""))
    row = session.execute(select(OtherWays).where(OtherWays.id == 1).with_for_update()).scalar_one()
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        note(session, actor_id=by, action="ways:changed", object="ways/1", at=at, fields=changed)


def record_gift(session: Session, gift: Gift, *, by: int, at: datetime) -> Payment | None:
    """A payment, its ledger line and its receipt (by letter where there is an address); None when it was told before."""
    stripe_id = f"way:{gift.key}"
    if session.execute(select(Payment.id).where(Payment.stripe_id == stripe_id)).scalar_one_or_none() is not None:
        return None
    reader_id = _giver(session, gift, at=at)
    inserted = insert_once(
        session, Payment, stripe_id=stripe_id, reader_id=reader_id, kind="donation", currency=gift.amount.currency,
        amount=gift.amount.minor, paid_at=gift.paid_at, method=gift.way,
    )  # fmt: skip
    if not inserted:
        return None
    payment = session.execute(select(Payment).where(Payment.stripe_id == stripe_id)).scalar_one()
    values = {"way": gift.way, "reference": gift.reference, "recorded_by": by, "recorded_at": at}
    insert_once(session, OtherGift, payment_id=payment.id, **values)
    _book(session, payment, "gross", payment.amount, at=gift.paid_at)
    post_receipt(session, payment, at=at, payer=gift.name if not gift.email else None)
    detail = {"way": gift.way, "minor": payment.amount, "currency": payment.currency}
    note(session, actor_id=by, action="gift:recorded", object=f"payment/{payment.id}", at=at, **detail)
    return payment


def undo_gift(session: Session, payment_id: int, *, by: int, at: datetime) -> Payment:
    """It was recorded by mistake, or sent back by hand: a correction beside the payment, and the receipt is void.

    Raises `NotFound`, `UndoneAlready`.
    """
    row = session.execute(
        select(OtherGift).where(OtherGift.payment_id == payment_id).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        raise NotFound()
    if row.undone_at is not None:
        raise UndoneAlready()
    row.undone_at = at
    payment = session.get_one(Payment, payment_id)
    values = {"currency": payment.currency, "amount": payment.amount, "asked_by": by, "asked_at": at}
    token = attempt_key("undone", payment.id)
    insert_once(session, Refund, token=token, payment_id=payment.id, state="succeeded", reason="undone", **values)
    _book(session, payment, "refund", -payment.amount, at=at)
    valid = (Receipt.payment_id == payment.id, Receipt.voided_at.is_(None))
    session.execute(update(Receipt).where(*valid).values(voided_at=at, void_reason="refund"))
    note(session, actor_id=by, action="gift:undone", object=f"payment/{payment.id}", at=at)
    return payment


def _giver(session: Session, gift: Gift, *, at: datetime) -> int:
    """The reader of the address; without one a reader of whom nothing personal is known but the receipt's name."""
    if gift.email:
        return readers.know(session, gift.email, at=at, name=gift.name, language=own_language(session)).reader_id
    reader = Reader(created_at=at)
    session.add(reader)
    session.flush()
    return reader.id


def _book(session: Session, payment: Payment, kind: str, minor: int, *, at: datetime) -> None:
    values = {"kind": kind, "currency": payment.currency, "amount": minor, "at": at, "stripe_id": payment.stripe_id}
    insert_once(session, LedgerEntry, payment_id=payment.id, **values)

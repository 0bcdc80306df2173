"""What is let go of when its time is over, a broom's width at a time: words go, rows that the books point to stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from membership.giving.guard_models import Suspension
from membership.giving.models import Checkout, Payment
from membership.giving.receipt_models import Receipt
from membership.memberships.gift_models import Gift
from membership.readers.models import Reader
from membership.webhooks.bodies import empty
from membership.webhooks.models import StripeEvent

NOT_PAID = ("begun", "open", "failed", "expired")


@dataclass(frozen=True)
class Wiped:
    """Rows of a table whose columns are overwritten once their time is over."""

    table: Any
    condition: ColumnElement[bool]
    leaves: Mapping[str, Any]


def wiped(at: datetime, kept: Mapping[str, int]) -> list[Wiped]:
    """All of them, as of a moment; `kept` are the days by term."""
    old, near, paper = (at - timedelta(days=kept[term]) for term in ("checkouts", "networks", "receipts"))
    abandoned = select(Checkout.id).where(Checkout.state.in_(NOT_PAID), Checkout.begun_at < old)
    named = or_(Gift.giver_name != "", Gift.recipient_name != "", Gift.message != "", Gift.recipient_email.is_not(None))
    erased = select(Payment.id).join(Reader, Reader.id == Payment.reader_id).where(Reader.erased_at.is_not(None))
    return [
        Wiped(
            Gift, Gift.payment_id.is_(None) & Gift.checkout_id.in_(abandoned) & named,
            {"giver_name": "", "recipient_name": "", "message": "", "recipient_email": None},
        ),
        Wiped(
            Checkout, Checkout.id.in_(abandoned) & or_(Checkout.email != "", Checkout.browser_hash != ""),
            {"email": "", "browser_hash": "", "session_url": None},
        ),
        Wiped(Receipt, (Receipt.issued_at < paper) & Receipt.payment_id.in_(erased) & (Receipt.payer != ""), {"payer": ""}),
        Wiped(Suspension, (Suspension.lifted_at < near) & (Suspension.shown != ""), {"shown": ""}),
    ]  # fmt: skip


def let_go(session: Session, kept: Mapping[str, int], *, at: datetime, width: int) -> bool:
    """Wipe at most `width` rows of each, and empty as many bodies of events that were taken in; whether there is more."""
    old = StripeEvent.received_at < at - timedelta(days=kept["events"])
    full = empty(session, old, StripeEvent.state != "new", most=width) >= width
    for one in wiped(at, kept):
        chosen = select(one.table.id).where(one.condition).limit(width)
        done = update(one.table).where(one.table.id.in_(chosen)).values(**one.leaves)
        gone = session.execute(done.execution_options(synchronize_session=False))
        full = full or gone.rowcount >= width  # type: ignore[attr-defined]
    return full

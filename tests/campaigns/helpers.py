"""Campaigns and gifts for tests; every argument has a default."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.campaigns import actions
from membership.campaigns.actions import Said
from membership.campaigns.models import Campaign
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import Checkout, Payment
from membership.giving.touch_models import CheckoutTouch
from tests import make

_number = itertools.count(1)


def said(**values: object) -> Said:
    """A campaign over €100 that has run for a day and goes on for nine."""
    at = clock.now()
    usual: dict[str, object] = {
        "title": f"Winter {next(_number)}", "summary": "For a second reporter.", "story": "Long nights.",
        "goal_kind": "amount", "goal": 10_000, "currency": "EUR", "scope": "carried", "opens_at": at - timedelta(days=1),
        "closes_at": at + timedelta(days=9), "match_sponsor": "", "match_cap": None, "wall": True,
        "milestones": (25, 50, 75, 100),
    }  # fmt: skip
    return Said(**(usual | values))  # type: ignore[arg-type]


def campaign(session: Session, **values: object) -> Campaign:
    """A published one."""
    by, at = make.staff(session, "manager").reader_id, clock.now()
    made = actions.draft(session, said(**values), by=by, at=at)
    actions.publish(session, made.id, by=by, at=at)
    session.commit()
    return made


def gift(
    session: Session, to: Campaign | None, amount: int = 1000, *, currency: str = "EUR", who: int | None = None,
    paid_at: datetime | None = None, kind: str = "donation",
) -> Payment:
    """A payment, by way of that campaign if one is named."""
    number, at = next(_number), paid_at or clock.now() - timedelta(hours=1)
    who = who or make.reader(session).reader_id
    checkout = Checkout(
        token=f"t{number}", attempt=f"a{number}", kind=kind, state="paid", reader_id=who, email="x@example.org",
        language="en", currency=currency, amount=amount, browser_hash="", begun_at=at,
    )  # fmt: skip
    session.add(checkout)
    session.flush()
    if to is not None:
        session.add(CheckoutTouch(checkout_id=checkout.id, campaign=to.slug))
    payment = Payment(
        stripe_id=f"pi_campaign_{number}", reader_id=who, kind=kind, currency=currency, amount=amount, paid_at=at,
        method="card", checkout_id=checkout.id,
    )  # fmt: skip
    session.add(payment)
    session.commit()
    return payment


def refund(session: Session, payment: Payment, amount: int, state: str = "succeeded") -> Refund:
    number = next(_number)
    row = Refund(
        token=f"r{number}", stripe_id=f"re_{number}", payment_id=payment.id, currency=payment.currency, amount=amount,
        state=state, reason="", asked_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row


def dispute(session: Session, payment: Payment, status: str = "needs_response") -> Dispute:
    row = Dispute(
        stripe_id=f"dp_{next(_number)}", payment_id=payment.id, currency=payment.currency, amount=payment.amount,
        status=status, reason="", opened_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row

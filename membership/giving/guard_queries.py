"""Questions about tries, waves and suspensions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from membership.giving.guard_models import CheckoutOrigin, DeclineWave, PaymentTry, Suspension
from membership.giving.guard_rules import Figures, Tally, figures_of
from membership.giving.models import Checkout
from membership.web.limits import WIDE, chosen_figures

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
SHOWN = 100


def figures(session: Session) -> Figures:
    """The figures that hold: as staff chose them, and wide in the demo."""
    wide = WIDE if current_app.config["MEMBERSHIP"].wide_limits else 1
    return figures_of(chosen_figures(session), wide=wide)


_COUNTS = (func.count(), func.coalesce(func.sum(case((PaymentTry.paid, 0), else_=1)), 0))
SUBJECTS: dict[str, Any] = {
    "client": CheckoutOrigin.client,
    "network": CheckoutOrigin.network,
    "person": CheckoutOrigin.person,
    "card": PaymentTry.card,
}


def tally_everywhere(session: Session, *, since: datetime) -> Tally:
    """Every try at a bank since a moment."""
    row = session.execute(select(*_COUNTS).where(PaymentTry.at > since)).one()
    return Tally(int(row[0]), int(row[1]))


def tally_of(session: Session, kind: str, subject: str, *, since: datetime) -> Tally:
    """The tries of one person, card, client or network since a moment."""
    wanted: ColumnElement[bool] = SUBJECTS[kind] == subject
    statement = select(*_COUNTS).join(CheckoutOrigin, CheckoutOrigin.checkout_id == PaymentTry.checkout_id)
    row = session.execute(statement.where(wanted, PaymentTry.at > since)).one()
    return Tally(int(row[0]), int(row[1]))


def people_of_network(session: Session, network: str, *, since: datetime) -> int:
    """How many different addresses were typed by this network since a moment."""
    statement = select(func.count(CheckoutOrigin.person.distinct()))
    found = session.execute(statement.where(CheckoutOrigin.network == network, CheckoutOrigin.begun_at > since))
    return int(found.scalar_one())


def wave(session: Session) -> DeclineWave | None:
    """The wave of declines that runs now."""
    return session.execute(select(DeclineWave).where(DeclineWave.is_open)).scalar_one_or_none()


def is_suspended(session: Session, **subjects: str) -> bool:
    """Whether any of these (`client=…, network=…, person=…`) may begin no payment."""
    for kind, subject in subjects.items():
        held = (Suspension.kind == kind, Suspension.subject == subject, Suspension.lifted_at.is_(None))
        if session.execute(select(Suspension.id).where(*held)).first():
            return True
    return False


@dataclass(frozen=True)
class Guarded:
    """What staff see of the guard: the running wave, what is suspended, the tries of the last hour."""

    wave: DeclineWave | None
    suspended: int
    begun: int
    unusual: bool


def guarded(session: Session, at: datetime) -> Guarded:
    """What needs staff's eye."""
    held = session.execute(select(func.count()).select_from(Suspension).where(Suspension.lifted_at.is_(None)))
    begun = select(func.count()).select_from(CheckoutOrigin).where(CheckoutOrigin.begun_at > at - timedelta(hours=1))
    number = int(session.execute(begun).scalar_one())
    return Guarded(wave(session), int(held.scalar_one()), number, number > figures(session).free_everywhere)


def has_paid_here(session: Session, *, person: str, browser_hash: str) -> bool:
    """Whether this browser went through with a payment with this address within the last month, whatever the bank said."""
    statement = (
        select(Checkout.id)
        .join(CheckoutOrigin, CheckoutOrigin.checkout_id == Checkout.id)
        .where(
            CheckoutOrigin.person == person,
            Checkout.browser_hash == browser_hash,
            Checkout.state.in_(("paid", "waiting", "failed")),
        )
    )
    return session.execute(statement.limit(1)).first() is not None


def suspensions(session: Session) -> list[Suspension]:
    """Those that hold first, then the lifted ones; the newest first."""
    order = (Suspension.lifted_at.is_not(None), Suspension.id.desc())
    return list(session.execute(select(Suspension).order_by(*order).limit(SHOWN)).scalars())


def waves(session: Session) -> list[DeclineWave]:
    """The waves there were, the newest first."""
    return list(session.execute(select(DeclineWave).order_by(DeclineWave.id.desc()).limit(SHOWN)).scalars())

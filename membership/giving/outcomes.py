"""What banks answered to the tries: kept once each, and watched for a wave of declines and for those of a thief."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.gateway.declining import TryReading
from membership.gateway.readings import Settlement
from membership.giving import guard_queries
from membership.giving.guard_models import CheckoutOrigin, DeclineWave, PaymentTry, Suspension
from membership.giving.guard_rules import Figures, is_to_be_suspended, is_wave
from membership.giving.guarding import give_back_counts, person_key
from membership.giving.models import Checkout
from membership.giving.queries import checkout_by_token
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.readers import trail
from membership.readers.queries import team
from membership.refusals import N_, Refused
from membership.web.limits import keyed

OPEN_FOR = timedelta(hours=25)
"""A hosted page lives a day; what is charged later is a renewal, and no try of this checkout."""


class NothingToLift(Refused):
    """Somebody else was quicker."""

    status = 409
    words = N_("This suspension was lifted already.")


def note_tries(session: Session, token: str | None, tries: Sequence[TryReading], *, at: datetime) -> None:
    """Keep what a payment's tries came to; those of renewals, and of payments that are not ours, are left alone."""
    for one in tries:
        checkout = checkout_by_token(session, token) or _begun_by(session, one)
        if checkout is not None:
            _note(session, checkout, one.charge_id, paid=one.paid, card=one.card, tried_at=one.at, at=at)


def note_paid(session: Session, token: str | None, settlement: Settlement | None, *, at: datetime) -> None:
    """A checkout's first payment went through: it counts for those who began it."""
    checkout = checkout_by_token(session, token)
    if checkout is not None and settlement is not None:
        card, paid_at = settlement.card_fingerprint, settlement.paid_at
        _note(session, checkout, settlement.charge_id, paid=True, card=card, tried_at=paid_at, at=at)


def _begun_by(session: Session, one: TryReading) -> Checkout | None:
    """The membership's checkout behind a charge that carries no mark of ours: Stripe gives the first payment of a
    subscription none. Found by address, sum and time, which is good enough for a count and for nothing else."""
    if one.email is None:
        return None
    statement = (
        select(Checkout)
        .join(CheckoutOrigin, CheckoutOrigin.checkout_id == Checkout.id)
        .where(
            CheckoutOrigin.person == person_key(one.email),
            Checkout.kind == "membership",
            Checkout.currency == one.currency,
            Checkout.amount == one.amount,
            Checkout.begun_at > one.at - OPEN_FOR,
        )
        .order_by(Checkout.id.desc())
        .limit(1)
    )
    return session.execute(statement).scalar_one_or_none()


def _note(
    session: Session, checkout: Checkout, charge_id: str, *, paid: bool, card: str | None, tried_at: datetime, at: datetime
) -> None:
    origin = session.get(CheckoutOrigin, checkout.id)
    if origin is None or tried_at - checkout.begun_at > OPEN_FOR:
        return
    values = {"checkout_id": checkout.id, "paid": paid, "card": keyed(f"card {card}") if card else None, "at": tried_at}
    if not insert_once(session, PaymentTry, charge_id=charge_id, **values):
        return
    if paid:
        give_back_counts(session, origin)
        return
    figures = guard_queries.figures(session)
    _watch(session, figures, at=at)
    subjects = {"client": origin.client, "network": origin.network, "person": origin.person, "card": values["card"]}
    for kind, subject in subjects.items():
        if subject:
            told = origin.near if kind in {"client", "network"} else checkout.email
            _suspend(session, kind, str(subject), told, figures, at=at)


def _watch(session: Session, figures: Figures, *, at: datetime) -> None:
    """Begin a wave when the declines of the last minutes are many; managers are told once."""
    window = timedelta(minutes=figures.wave_minutes)
    tally = guard_queries.tally_everywhere(session, since=at - window)
    if not is_wave(tally, figures):
        return
    values = {"is_open": True, "opened_at": at, "tries": tally.tries, "declines": tally.declines}
    if not insert_once(session, DeclineWave, **values):
        return
    wave = guard_queries.wave(session)
    assert wave is not None
    post(session, "giving.calm", "giving.calm", due_at=at + window)
    for person in team(session, role="manager"):
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        write(session, "decline_wave", to, key=f"wave:{wave.id}:{person.reader_id}", at=at, tally=tally)


def calm(session: Session, *, at: datetime) -> None:
    """End the wave once the declines of the last minutes are few again; else look again later."""
    figures = guard_queries.figures(session)
    window = timedelta(minutes=figures.wave_minutes)
    if is_wave(guard_queries.tally_everywhere(session, since=at - window), figures):
        post(session, "giving.calm", "giving.calm", due_at=at + window)
    else:
        session.execute(update(DeclineWave).where(DeclineWave.is_open).values(is_open=False, closed_at=at))


def _suspend(session: Session, kind: str, subject: str, shown: str, figures: Figures, *, at: datetime) -> None:
    """Suspend whose tries of the last month, or since staff last lifted it, are those of a thief."""
    lifted = select(func.max(Suspension.lifted_at)).where(Suspension.kind == kind, Suspension.subject == subject)
    since = max(filter(None, [session.execute(lifted).scalar_one(), at - guard_queries.MONTH]))
    tally = guard_queries.tally_of(session, kind, subject, since=since)
    if is_to_be_suspended(tally, figures):
        values = {"shown": shown, "tries": tally.tries, "declines": tally.declines, "suspended_at": at}
        insert_once(session, Suspension, kind=kind, subject=subject, **values)


def lift(session: Session, suspension_id: int, *, by: int, at: datetime) -> None:
    """Staff found it harmless: it may begin payments again, and its old tries count no more. Raises `NothingToLift`."""
    held = (Suspension.id == suspension_id, Suspension.lifted_at.is_(None))
    if session.execute(update(Suspension).where(*held).values(lifted_at=at, lifted_by=by)).rowcount != 1:  # type: ignore[attr-defined]
        raise NothingToLift()
    trail.note(session, actor_id=by, action="suspension:lifted", object=f"suspension/{suspension_id}", at=at)

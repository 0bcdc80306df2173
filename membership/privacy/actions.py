"""Verbs of erasure: asking for it by a letter, confirming it, and doing it. The books and the tallies stay as they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from membership.giving.models import Checkout, Payment, StripeCustomer
from membership.giving.personal import CHECKOUTS
from membership.jobs.models import Job
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.memberships.models import Membership
from membership.personal import Whose, forget
from membership.privacy.models import Erasure
from membership.privacy.personal import HOLDINGS, ROOMS
from membership.privacy.queries import names_of, open_erasure, whose
from membership.privacy.rules import LETTER_FIRST, LINK_LIVES, NotOfTheTeam, needles
from membership.readers.actions import end_sessions
from membership.readers.models import Person, Reader
from membership.readers.queries import role_of
from membership.readers.trail import note
from membership.web.tokens import hashed, new_token
from membership.webhooks.bodies import TAKE_PAYERS_AWAY, forget_bodies

ERASE, PAYERS = "privacy.erase", TAKE_PAYERS_AWAY
"""The jobs: ending what runs at Stripe and erasing; then taking the payers away there."""
BLANK = "…"


def ask(session: Session, person: Person, *, at: datetime) -> None:
    """Write to the reader with the link that erases: whoever sits at an open browser cannot do it alone.
    Raises `NotOfTheTeam`."""
    _not_of_the_team(session, person.reader_id)
    token = new_token()
    wish = Erasure(reader_id=person.reader_id, token_hash=hashed(token), asked_at=at, expires_at=at + LINK_LIVES)
    session.add(wish)
    session.flush()
    to = Recipient(person.email, person.name, person.language, person.reader_id)
    write(session, "erasure_confirm", to, key=f"erasure:{wish.id}", at=at, fleeting=True, token=token)


def confirm(session: Session, token: str, reader_id: int, *, at: datetime) -> None:
    """The reader means it: signed out everywhere, told by a last letter, and erased as soon as that has gone out.
    Raises `ErasureSpent`, `NotOfTheTeam`."""
    wish = open_erasure(session, token, reader_id, at=at, lock=True)
    _not_of_the_team(session, reader_id)
    wish.confirmed_at = at
    person = session.get_one(Person, reader_id)
    end_sessions(session, reader_id, at=at)
    to = Recipient(person.email, person.name, person.language, reader_id)
    write(session, "erasure_begins", to, key=f"erasure-begins:{wish.id}", at=at)
    note(session, actor_id=reader_id, action="reader:erasure_confirmed", object=f"reader/{reader_id}", at=at)
    post(session, ERASE, f"erase:{reader_id}", {"reader": reader_id}, due_at=at + LETTER_FIRST)


def order(session: Session, reader_id: int, *, at: datetime) -> None:
    """The operator erases somebody who asked for it in another way. Raises `NotOfTheTeam`."""
    _not_of_the_team(session, reader_id)
    session.add(Erasure(reader_id=reader_id, token_hash=None, asked_at=at, expires_at=at, confirmed_at=at))
    end_sessions(session, reader_id, at=at)
    note(session, actor_id=None, action="reader:erasure_confirmed", object=f"reader/{reader_id}", at=at)
    post(session, ERASE, f"erase:{reader_id}", {"reader": reader_id}, due_at=at)


def erase(session: Session, reader_id: int, *, at: datetime) -> dict[str, int]:
    """Forget a person; what is left is a number that the books point to. Twice is once. Returns how many rows there were.

    What runs at Stripe must have ended before.
    """
    reader = session.execute(select(Reader).where(Reader.id == reader_id).with_for_update()).scalar_one()
    if reader.erased_at is not None:
        return {}
    person, names = whose(session, reader_id, at=at), needles(names_of(session, reader_id))
    counted = {"stripe_event": forget_bodies(session, _roots(session, person), [*person.addresses, *person.keys])}
    counted |= forget(session, person, HOLDINGS)
    counted["mentions"] = _blank_mentions(session, person, names)
    reader.erased_at = at
    done = update(Erasure).where(Erasure.reader_id == reader_id, Erasure.confirmed_at.is_not(None))
    session.execute(done.values(erased_at=at, token_hash=None))
    post(session, PAYERS, f"erase-payers:{reader_id}", {"reader": reader_id}, due_at=at)
    post(session, "perks.grant", f"perks:{reader_id}", {"reader": reader_id}, due_at=at)
    rows = {name: count for name, count in counted.items() if count}
    note(session, actor_id=None, action="reader:erased", object=f"reader/{reader_id}", at=at, rows=rows)
    return rows


def payers_gone(session: Session, reader_id: int, *, at: datetime) -> None:
    """Stripe has nothing of them any more either."""
    gone = update(Erasure).where(Erasure.reader_id == reader_id, Erasure.erased_at.is_not(None))
    session.execute(gone.values(payers_gone_at=at))


def _not_of_the_team(session: Session, reader_id: int) -> None:
    if role_of(session, reader_id) is not None:
        raise NotOfTheTeam()


def _roots(session: Session, person: Whose) -> list[str]:
    """Every object at Stripe that belongs to this reader, as far as we know it."""
    reader_id = person.reader_id
    asked = (
        select(StripeCustomer.customer_id).where(StripeCustomer.reader_id == reader_id),
        select(Membership.subscription_id).where(Membership.reader_id == reader_id),
        select(Payment.stripe_id).where(Payment.reader_id == reader_id),
        select(Payment.payment_intent_id).where(Payment.reader_id == reader_id),
        select(Payment.charge_id).where(Payment.reader_id == reader_id),
        select(Checkout.session_id).where(CHECKOUTS(person)),
    )
    return [one for statement in asked for one in session.execute(statement).scalars() if one]


def _blank_mentions(session: Session, person: Whose, names: list[str]) -> int:
    """Take the person's addresses and names out of texts about other things, or to others. How many texts there were."""
    sought = [*sorted({*person.addresses, *person.keys}, key=len, reverse=True), *names]
    columns = [column for room in ROOMS for column in room.mentions] + [Job.last_error]
    count = 0
    for column in columns:
        for one in sought:
            named: ColumnElement[bool] = column.contains(one, autoescape=True)
            blanked = update(column.class_).where(named).values({column.key: func.replace(column, one, BLANK)})
            count += session.execute(blanked.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
    return count

"""What staff look up about readers: finding one, and everything that is held about one. Never for what anybody voted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from membership.account.models import PatronNote
from membership.account.queries import MembershipLine, membership_lines
from membership.ballots.queries import RollLine, rolls_of
from membership.giving.cases import PaymentCase, cases_of
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import Checkout, Payment, StripeCustomer
from membership.giving.receipt_models import Receipt
from membership.mail.bounces import standing_bounce
from membership.mail.models import Bounce, Letter
from membership.memberships.gift_queries import GiftLine, gifts_by
from membership.memberships.given_queries import GivenLine, given_to
from membership.memberships.group_queries import HeldSeat, seats_of_reader
from membership.memberships.models import Membership, MembershipPayment
from membership.memberships.queries import running_now
from membership.perks.models import Perk, PerkGrant
from membership.perks.queries import grants_of
from membership.readers.models import Person, Reader
from membership.readers.queries import written_like
from membership.refusals import NotFound
from membership.topics.queries import TopicLine, topics_of

PAGE = 25
LARGEST_KEY = 2**63 - 1
_RECEIPT = re.compile(r"([0-9]{4})-([0-9]{1,9})", re.ASCII)
_STRIPE_ID = re.compile(r"[a-z]{2,5}_[A-Za-z0-9_]+", re.ASCII)


@dataclass(frozen=True)
class Found:
    """A reader in the list. `memberships` counts those that run now."""

    reader_id: int
    name: str
    email: str
    since: datetime
    memberships: int


@dataclass(frozen=True)
class NoteLine:
    """A note with its author's name as it is now (empty once erased)."""

    text: str
    author: str
    written_at: datetime


@dataclass(frozen=True)
class Patron:
    """Everything staff may see of one reader; `person` is None once erased or merged into another one.

    `running` are the memberships that run now: more than one means one person with two pledges. `paid_for` names the
    subscription that a payment (by its number) was for.
    """

    reader: Reader
    person: Person | None
    customers: list[StripeCustomer]
    lines: list[MembershipLine]
    running: list[MembershipLine]
    cases: list[PaymentCase]
    paid_for: dict[int, str]
    letters: list[Letter]
    bounce: Bounce | None
    grants: list[tuple[PerkGrant, Perk]]
    topics: list[TopicLine]
    rolls: list[RollLine]
    notes: list[NoteLine]
    given: list[GivenLine]
    gifts: list[GiftLine]
    seats: list[HeldSeat]

    @property
    def pledges(self) -> int:
        """How many memberships of their own run now; a group's is another pledge."""
        return sum(line.seats is None for line in self.running)


def find(session: Session, sought: str, *, before: int | None) -> tuple[list[Found], bool]:
    """Readers by name, address, Stripe id or receipt number (all of them when nothing is sought), the newest first.

    At most a page of them, older than the reader `before`; and whether there are more.
    """
    statement = select(Person, Reader.created_at).join(Reader, Reader.id == Person.reader_id)
    if sought:
        statement = statement.where(_fits(sought))
    if before is not None:
        statement = statement.where(Person.reader_id < before)
    rows = session.execute(statement.order_by(Person.reader_id.desc()).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    running = _running(session, [person.reader_id for person, _since in shown])
    found = [
        Found(person.reader_id, person.name, person.email, since, running.get(person.reader_id, 0))
        for person, since in shown
    ]
    return found, len(rows) > PAGE


def _fits(sought: str) -> ColumnElement[bool]:
    receipt, named = _RECEIPT.fullmatch(sought), (Person.name, Person.email, Person.email_key)
    if receipt:
        numbered = (Receipt.year == int(receipt[1]), Receipt.sequence == int(receipt[2]))
        return Person.reader_id.in_(select(Payment.reader_id).join(Receipt).where(*numbered))
    if _STRIPE_ID.fullmatch(sought):
        return or_(written_like(sought, *named), *(Person.reader_id.in_(places) for places in _known_to_stripe_as(sought)))
    return written_like(sought, *named)


def _known_to_stripe_as(stripe_id: str) -> list[Select[Any]]:
    corrected = (
        select(Payment.reader_id).join(model).where(model.stripe_id == stripe_id) for model in (Refund, Dispute)
    )
    payment = or_(
        Payment.stripe_id == stripe_id, Payment.payment_intent_id == stripe_id, Payment.charge_id == stripe_id
    )
    return [
        select(StripeCustomer.reader_id).where(StripeCustomer.customer_id == stripe_id),
        select(Membership.reader_id).where(Membership.subscription_id == stripe_id),
        select(Payment.reader_id).where(payment),
        select(Checkout.reader_id).where(Checkout.session_id == stripe_id, Checkout.reader_id.is_not(None)),
        *corrected,
    ]


def _running(session: Session, reader_ids: list[int]) -> dict[int, int]:
    from_these = select(Membership).where(Membership.reader_id.in_(reader_ids), running_now())
    counts: dict[int, int] = {}
    for membership in session.execute(from_these).scalars():
        counts[membership.reader_id] = counts.get(membership.reader_id, 0) + 1
    return counts


def patron(session: Session, reader_id: int, *, at: datetime) -> Patron:
    """Everything about one reader. Raises `NotFound`."""
    reader, person = known(session, reader_id), session.get(Person, reader_id)
    lines = membership_lines(session, reader_id, at)
    of_reader = select(Membership.id).where(Membership.reader_id == reader_id, running_now())
    running = set(session.execute(of_reader).scalars())
    customers = select(StripeCustomer).where(StripeCustomer.reader_id == reader_id)
    letters = select(Letter).where(Letter.reader_id == reader_id).order_by(Letter.id.desc())
    return Patron(
        reader=reader,
        person=person,
        customers=list(session.execute(customers.order_by(StripeCustomer.customer_id)).scalars()),
        lines=lines,
        running=[line for line in lines if line.id in running],
        cases=cases_of(session, reader_id),
        paid_for=_paid_for(session, reader_id),
        bounce=standing_bounce(session, reader_id, person.email) if person else None,
        letters=list(session.execute(letters).scalars()),
        grants=grants_of(session, reader_id),
        topics=topics_of(session, reader_id),
        rolls=rolls_of(session, reader_id),
        notes=_notes(session, reader_id),
        given=given_to(session, reader_id, at),
        gifts=gifts_by(session, reader_id),
        seats=seats_of_reader(session, reader_id, at),
    )


def _paid_for(session: Session, reader_id: int) -> dict[int, str]:
    """Which subscription each of a reader's payments was for."""
    statement = (
        select(MembershipPayment.payment_id, Membership.subscription_id)
        .join(Membership, Membership.id == MembershipPayment.membership_id)
        .join(Payment, Payment.id == MembershipPayment.payment_id)
        .where(Payment.reader_id == reader_id)
    )
    return {row.payment_id: row.subscription_id for row in session.execute(statement)}


def known(session: Session, reader_id: int) -> Reader:
    """The reader with this number. Raises `NotFound`."""
    reader = session.get(Reader, reader_id) if reader_id <= LARGEST_KEY else None
    if reader is None:
        raise NotFound()
    return reader


def letter_of(session: Session, reader_id: int, letter_id: int) -> Letter:
    """One letter to this reader. Raises `NotFound`, also for somebody else's."""
    letter = session.get(Letter, letter_id) if letter_id <= LARGEST_KEY else None
    if letter is None or letter.reader_id != reader_id:
        raise NotFound()
    return letter


def _notes(session: Session, reader_id: int) -> list[NoteLine]:
    statement = (
        select(PatronNote, Person.name, Person.email)
        .outerjoin(Person, Person.reader_id == PatronNote.author_id)
        .where(PatronNote.reader_id == reader_id)
        .order_by(PatronNote.id.desc())
    )
    return [
        NoteLine(note.text, name or email or "", note.written_at) for note, name, email in session.execute(statement)
    ]

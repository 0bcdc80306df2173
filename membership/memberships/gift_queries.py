"""Questions about gifts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from membership.giving.models import Payment
from membership.memberships import gift_rules
from membership.memberships.gift_models import Gift
from membership.memberships.gift_rules import GiftState
from membership.memberships.given_models import GivenMembership
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.readers.models import Person
from membership.readers.queries import written_like

PAGE = 25


@dataclass(frozen=True)
class GiftLine:
    """A gift that was paid, with its tier's name and how it stands; `giver` and `reader` (who claimed it) by name or
    address, empty when nobody has or once erased."""

    gift: Gift
    tier: str
    state: GiftState
    amount: Money
    giver: str
    reader: str
    reader_id: int | None
    begins_at: datetime | None
    ends_at: datetime | None


def state_of(gift: Gift) -> GiftState:
    """How a gift stands."""
    return gift_rules.state_of(
        paid=gift.payment_id is not None, withdrawn=gift.withdrawn_for is not None,
        claimed=gift.given_id is not None, deliver_at=gift.deliver_at, delivered_at=gift.delivered_at,
    )  # fmt: skip


def gift_by_token(session: Session, token: str) -> Gift | None:
    """The gift whose link carries this secret."""
    return session.execute(select(Gift).where(Gift.token == token)).scalar_one_or_none()


def gift_of_checkout(session: Session, checkout_id: int) -> Gift | None:
    """The gift that a checkout is for."""
    return session.execute(select(Gift).where(Gift.checkout_id == checkout_id)).scalar_one_or_none()


def gift_of_payment(session: Session, payment_id: int) -> Gift | None:
    """The gift that a payment bought."""
    return session.execute(select(Gift).where(Gift.payment_id == payment_id)).scalar_one_or_none()


def gifts_by(session: Session, giver_id: int) -> list[GiftLine]:
    """What a reader gave, the newest first; only what is paid."""
    return _lines(session, _statement().where(Gift.giver_id == giver_id))


def own_gift(session: Session, giver_id: int, gift_id: int) -> Gift | None:
    """A paid gift of this giver; None for anybody else's."""
    mine = (Gift.id == gift_id, Gift.giver_id == giver_id, Gift.payment_id.is_not(None))
    return session.execute(select(Gift).where(*mine)).scalar_one_or_none()


def find_gifts(session: Session, sought: str, *, waiting: bool, before: int | None) -> tuple[list[GiftLine], bool]:
    """Everybody's gifts by the name or address of who gave, got or claimed one, the newest first; `waiting`: those only
    that may still be claimed. At most a page of them, older than the gift `before`; and whether there are more."""
    statement = _statement().limit(PAGE + 1)
    if waiting:
        statement = statement.where(Gift.given_id.is_(None), Gift.withdrawn_for.is_(None))
    if sought:
        people = (_giver.name, _giver.email, _reader.name, _reader.email, Gift.recipient_name, Gift.recipient_email)
        statement = statement.where(written_like(sought, *people))
    if before is not None:
        statement = statement.where(Gift.id < before)
    lines = _lines(session, statement)
    return lines[:PAGE], len(lines) > PAGE


_giver, _reader = aliased(Person), aliased(Person)


def _statement() -> Select[*tuple[Any, ...]]:
    giver, reader = _giver, _reader
    return (
        select(Gift, Tier.name, Payment, giver, reader, GivenMembership)
        .join(Tier, Tier.id == Gift.tier_id)
        .join(Payment, Payment.id == Gift.payment_id)
        .outerjoin(GivenMembership, GivenMembership.id == Gift.given_id)
        .outerjoin(giver, giver.reader_id == Gift.giver_id)
        .outerjoin(reader, reader.reader_id == GivenMembership.reader_id)
        .order_by(Gift.id.desc())
    )


def _lines(session: Session, statement: Select[*tuple[Any, ...]]) -> list[GiftLine]:
    return [
        GiftLine(
            gift, tier, state_of(gift), Money(payment.amount, payment.currency), _called(giver), _called(reader),
            given.reader_id if given else None, given.begins_at if given else None, given.ends_at if given else None,
        )
        for gift, tier, payment, giver, reader, given in session.execute(statement)
    ]  # fmt: skip


def _called(person: Person | None) -> str:
    return (person.name or person.email) if person else ""

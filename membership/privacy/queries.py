"""Questions about one person: by what rows name them, and everything that is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.campaigns.models import CampaignChoice
from membership.funding.models import FundingName
from membership.giving.guarding import person_key
from membership.giving.models import Checkout
from membership.giving.receipt_models import ReceiptDetails
from membership.mail.models import Letter, MailingText
from membership.memberships.gift_models import Gift
from membership.perks.claim_models import PostalAddress
from membership.personal import Whose, held_about
from membership.privacy.models import Erasure
from membership.privacy.personal import ROOMS
from membership.privacy.rules import ErasureSpent
from membership.readers.models import AddressChange, Person
from membership.readers.rules import email_key
from membership.web.tokens import hashed


def whose(session: Session, reader_id: int, *, at: datetime) -> Whose:
    """A person as rows name them: also by addresses they had before, unless somebody else has them by now."""
    person = session.get(Person, reader_id)
    used = select(AddressChange.email).where(AddressChange.reader_id == reader_id, AddressChange.used_at.is_not(None))
    written = select(Letter.address).where(Letter.reader_id == reader_id).distinct()
    paid = select(Checkout.email).where(Checkout.reader_id == reader_id, Checkout.email != "").distinct()
    known = {one for asked in (used, written, paid) for one in session.execute(asked).scalars()}
    keys = {one: email_key(one) for one in known}
    taken = select(Person.email_key).where(Person.email_key.in_(keys.values()), Person.reader_id != reader_id)
    others = set(session.execute(taken).scalars())
    own = {one for one, key in keys.items() if key not in others} | ({person.email} if person else set())
    named = sorted({email_key(one) for one in own})
    return Whose(
        reader_id=reader_id, name=person.name if person else "", addresses=tuple(sorted(own)), keys=tuple(named),
        marks=tuple(person_key(one) for one in named), at=at,
    )  # fmt: skip


def names_of(session: Session, reader_id: int) -> list[str]:
    """Every name that a person gave here, for whatever reason."""
    asked = (
        select(Person.name).where(Person.reader_id == reader_id),
        select(Gift.giver_name).where(Gift.giver_id == reader_id),
        select(CampaignChoice.name).where(CampaignChoice.reader_id == reader_id),
        select(FundingName.name).where(FundingName.reader_id == reader_id),
        select(ReceiptDetails.name).where(ReceiptDetails.reader_id == reader_id),
        select(PostalAddress.name).where(PostalAddress.reader_id == reader_id),
    )
    return [name for one in asked for name in session.execute(one).scalars() if name]


@dataclass(frozen=True)
class Shelf:
    """What one room holds about a person: its heading, and its rows by table."""

    words: Any
    tables: dict[str, list[dict[str, Any]]]


def everything(session: Session, reader_id: int, *, at: datetime) -> list[Shelf]:
    """Everything that is held about a person, room by room; rooms that hold nothing are left out."""
    person = whose(session, reader_id, at=at)
    shelves = [Shelf(room.words, held_about(session, person, room.holdings)) for room in ROOMS]
    for letter in (letter for shelf in shelves for letter in shelf.tables.get("letter", ())):
        if letter["mailing_id"] and not letter["text"]:  # its words are kept once for all who got it
            shared = session.get(MailingText, (letter["mailing_id"], letter["language"]))
            letter["text"] = shared.text if shared else ""
    return [shelf for shelf in shelves if shelf.tables]


def open_erasure(session: Session, token: str, reader_id: int, *, at: datetime, lock: bool = False) -> Erasure:
    """The wish that a letter's link names, while it is open and this reader's. Raises `ErasureSpent`."""
    statement = select(Erasure).where(Erasure.token_hash == hashed(token))
    found = session.execute(statement.with_for_update() if lock else statement).scalar_one_or_none()
    if found is None or found.reader_id != reader_id or found.confirmed_at is not None or at > found.expires_at:
        raise ErasureSpent()
    return found

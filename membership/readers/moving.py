"""A reader's letters go to another address: asked for by the reader, confirmed from the new one, and both are told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership.mail.bounces import readdress
from membership.mail.writing import Recipient, write
from membership.readers.models import AddressChange, Person, ReaderSession, SignInChallenge
from membership.readers.queries import person_by_email
from membership.readers.rules import email_key
from membership.readers.trail import note
from membership.refusals import N_, Refused
from membership.web.tokens import hashed, new_token

CHANGE_LIVES = timedelta(days=1)


class SameAddress(Refused):
    """It is the reader's address already."""

    field = "email"
    words = N_("This is your address already.")


class ChangeSpent(Refused):
    """Used, too old, of somebody else, or the address came to belong to somebody else meanwhile."""

    status = 410
    words = N_(
        "This link has been used, is more than a day old, or belongs to another account. Please ask for a new one."
    )


def ask(session: Session, person: Person, email: str, *, at: datetime) -> None:
    """Write to the new address with a link, and to the old one that this was asked for. Raises `SameAddress`.

    An address that somebody else is known by gets a letter that says so, and no link: whoever asks learns nothing.
    """
    if email_key(email) == person.email_key:
        raise SameAddress()
    token = new_token()
    change = AddressChange(
        token_hash=hashed(token),
        reader_id=person.reader_id,
        email=email.strip(),
        asked_at=at,
        expires_at=at + CHANGE_LIVES,
    )
    session.add(change)
    session.flush()
    other = person_by_email(session, email)
    to_new = Recipient(email.strip(), "", person.language, other.reader_id if other else None)
    kind = "address_known" if other else "address_confirm"
    write(session, kind, to_new, key=f"address:{change.id}", at=at, fleeting=other is None, token=token)
    to_old = Recipient(person.email, person.name, person.language, person.reader_id)
    write(session, "address_asked", to_old, key=f"address-asked:{change.id}", at=at, email=email.strip())


def open_change(session: Session, token: str, reader_id: int, *, at: datetime, lock: bool = False) -> AddressChange:
    """The change that a letter's link names, while it is open and this reader's. Raises `ChangeSpent`."""
    statement = select(AddressChange).where(AddressChange.token_hash == hashed(token))
    found = session.execute(statement.with_for_update() if lock else statement).scalar_one_or_none()
    if found is None or found.reader_id != reader_id or found.used_at is not None or at > found.expires_at:
        raise ChangeSpent()
    return found


def confirm(session: Session, token: str, reader_id: int, *, keeping: str, at: datetime) -> None:
    """From now on letters go to the new address; both are told. Every session but the one `keeping` (a token) ends.

    Raises `ChangeSpent`.
    """
    change = open_change(session, token, reader_id, at=at, lock=True)
    person = session.get_one(Person, reader_id)
    old = Recipient(person.email, person.name, person.language, reader_id)
    try:
        with session.begin_nested():
            person.email, person.email_key = change.email, email_key(change.email)
            session.flush()
    except IntegrityError:  # somebody came to be known by it meanwhile
        raise ChangeSpent() from None
    change.used_at = at
    _end_what_the_old_one_opens(session, reader_id, keeping, at=at)
    readdress(session, reader_id, change.email)
    new = Recipient(change.email, old.name, old.language, reader_id)
    for which, to in (("old", old), ("new", new)):
        write(session, "address_changed", to, key=f"address-changed:{change.id}:{which}", at=at, email=change.email)
    note(session, actor_id=reader_id, action="address:changed", object=f"reader/{reader_id}", at=at)


def _end_what_the_old_one_opens(session: Session, reader_id: int, keeping: str, *, at: datetime) -> None:
    others = (
        ReaderSession.reader_id == reader_id,
        ReaderSession.ended_at.is_(None),
        ReaderSession.token_hash != hashed(keeping),
    )
    session.execute(update(ReaderSession).where(*others).values(ended_at=at))
    letters = (SignInChallenge.reader_id == reader_id, SignInChallenge.used_at.is_(None))
    session.execute(update(SignInChallenge).where(*letters).values(used_at=at))
    changes = (AddressChange.reader_id == reader_id, AddressChange.used_at.is_(None))
    session.execute(update(AddressChange).where(*changes).values(used_at=at))

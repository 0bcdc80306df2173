"""Verbs of the second step: adding and removing ways to take it, taking it, and proving oneself afresh.

Each change of somebody's ways is noted in the audit trail and told by letter to the person whose they are.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from cryptography.fernet import InvalidToken
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.mail.writing import Recipient, write
from membership.readers import trail
from membership.readers.actions import end_sessions
from membership.readers.models import Person, Reader, ReaderSession
from membership.readers.passkeys import NewPasskey, Site
from membership.readers.rules import code_of
from membership.readers.step_models import Authenticator, Passkey, RecoveryCode, SpentChallenge
from membership.readers.step_rules import (
    ALPHABET,
    CODE_LENGTH,
    FRESH,
    RECOVERY_CODES,
    STEP_SECONDS,
    LastWay,
    NoSuchWay,
    PasskeyRefused,
    WrongStep,
    fitting_step,
    recovery_code_of,
    shown,
)
from membership.web.tokens import box, hashed, new_token

SEED = "membership/authenticator"
SEED_LIVES = timedelta(minutes=30)


@dataclass(frozen=True)
class Ways:
    """How somebody can take the second step."""

    passkeys: Sequence[Passkey]
    authenticator: Authenticator | None
    codes_left: int

    def __bool__(self) -> bool:
        return bool(self.passkeys or self.authenticator)


def ways(session: Session, reader_id: int) -> Ways:
    """The ways of a reader; recovery codes by themselves are none."""
    keys = session.execute(select(Passkey).where(Passkey.reader_id == reader_id).order_by(Passkey.id)).scalars().all()
    unused = (RecoveryCode.reader_id == reader_id, RecoveryCode.used_at.is_(None))
    left = session.execute(select(func.count()).select_from(RecoveryCode).where(*unused)).scalar_one()
    return Ways(keys, session.get(Authenticator, reader_id), left)


def sealed_seed(secret: str) -> str:
    """A new seed for an app, as it travels through the form that adds it: sealed, and good for half an hour."""
    return box(secret, SEED).encrypt(pyotp.random_base32().encode()).decode()


def seed_of(sealed: str, secret: str) -> str:
    """The seed out of the form. Raises `WrongStep` when it is none of ours, or old."""
    try:
        return box(secret, SEED).decrypt(sealed.encode(), ttl=int(SEED_LIVES.total_seconds())).decode()
    except InvalidToken:
        raise WrongStep() from None


def add_authenticator(
    session: Session, reader_id: int, sealed: str, typed: str, *, secret: str, wall: datetime, at: datetime
) -> list[str]:
    """Take an app as a second step once it shows the right digits; an earlier app is replaced. `wall`: the real time.
    Returns recovery codes if these are the first. Raises `WrongStep`."""
    seed = seed_of(sealed, secret)
    step = _fitting(seed, typed, last_step=0, wall=wall)
    first = _lock(session, reader_id)
    session.execute(delete(Authenticator).where(Authenticator.reader_id == reader_id))
    kept = box(secret, SEED).encrypt(seed.encode())
    session.add(Authenticator(reader_id=reader_id, sealed=kept, last_step=step, added_at=at))
    _say(session, reader_id, "added", "app", at=at)
    return new_recovery_codes(session, reader_id, at=at) if first else []


def add_passkey(
    session: Session, reader_id: int, made: NewPasskey, token: str, name: str, *, at: datetime
) -> list[str]:
    """Keep a passkey whose making was verified. Returns recovery codes if this is the first way. Raises `PasskeyRefused`."""
    _spend(session, token, at=at)
    first = _lock(session, reader_id)
    values = {"public_key": made.public_key, "uses": made.uses, "name": name, "added_at": at, "used_at": None}
    if not insert_once(session, Passkey, reader_id=reader_id, credential_id=made.credential_id, **values):
        raise PasskeyRefused()
    _say(session, reader_id, "added", "passkey", at=at)
    return new_recovery_codes(session, reader_id, at=at) if first else []


def new_recovery_codes(session: Session, reader_id: int, *, at: datetime) -> list[str]:
    """Ten new codes, as they are shown once; the earlier ones end."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.reader_id == reader_id))
    made = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(code_hash=_code_hash(reader_id, one), reader_id=reader_id, made_at=at) for one in made)
    return [shown(one) for one in made]


def remove_authenticator(session: Session, reader_id: int, *, at: datetime) -> None:
    """The app is no second step any more. Raises `LastWay`."""
    _lock(session, reader_id)
    if not ways(session, reader_id).passkeys:
        raise LastWay()
    session.execute(delete(Authenticator).where(Authenticator.reader_id == reader_id))
    _say(session, reader_id, "removed", "app", at=at)


def remove_passkey(session: Session, reader_id: int, passkey_id: int, *, at: datetime) -> None:
    """A device's passkey is no second step any more. Raises `LastWay`, `NoSuchWay`."""
    _lock(session, reader_id)
    mine = ways(session, reader_id)
    if passkey_id not in {one.id for one in mine.passkeys}:
        raise NoSuchWay()
    if len(mine.passkeys) == 1 and mine.authenticator is None:
        raise LastWay()
    session.execute(delete(Passkey).where(Passkey.id == passkey_id))
    _say(session, reader_id, "removed", "passkey", at=at)


def forget_ways(session: Session, reader_id: int, *, by: int | None, at: datetime) -> None:
    """Somebody lost every device and code: all ways end, and so do all sessions; the next sign-in begins with a new way.
    `by` None: the operator."""
    for table in (Passkey, Authenticator, RecoveryCode):
        session.execute(delete(table).where(table.reader_id == reader_id))  # type: ignore[attr-defined]
    end_sessions(session, reader_id, at=at)
    _say(session, reader_id, "forgotten", "all", by=by, at=at)


def prove_by_code(session: Session, reader_id: int, typed: str, *, secret: str, wall: datetime, at: datetime) -> None:
    """The app's digits, or a recovery code; each is taken once. Raises `WrongStep`."""
    if digits := code_of(typed):
        app = session.get(Authenticator, reader_id, with_for_update=True)
        if app is None:
            raise WrongStep()
        seed = box(secret, SEED).decrypt(app.sealed).decode()
        app.last_step = _fitting(seed, digits, last_step=app.last_step, wall=wall)
        return
    code_hash = _code_hash(reader_id, recovery_code_of(typed))
    unused = (RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None))
    if session.execute(update(RecoveryCode).where(*unused).values(used_at=at)).rowcount != 1:  # type: ignore[attr-defined]
        raise WrongStep()
    _say(session, reader_id, "used", "code", at=at)


def prove_by_passkey(
    session: Session, reader_id: int, answer: str, challenge: str, credential_id: str, site: Site, *, at: datetime
) -> None:
    """A device's answer to our challenge; taken once. Raises `PasskeyRefused`."""
    mine = (Passkey.reader_id == reader_id, Passkey.credential_id == credential_id)
    passkey = session.execute(select(Passkey).where(*mine).with_for_update()).scalar_one_or_none()
    if passkey is None:
        raise PasskeyRefused()
    passkey.uses, passkey.used_at = site.used(answer, challenge, passkey), at
    _spend(session, site.token(challenge, "use"), at=at)


def step_up(session: Session, token: str, *, at: datetime) -> str:
    """The second step was taken: the session goes on under a new token (ASVS 7.2.4), which is returned. The old one ends."""
    old = session.get_one(ReaderSession, hashed(token), with_for_update=True)
    fresh = new_token()
    session.add(
        ReaderSession(
            token_hash=hashed(fresh), reader_id=old.reader_id, browser=old.browser, stepped_at=at, fresh_until=at + FRESH,
            created_at=old.created_at, seen_at=at,
        )
    )  # fmt: skip
    old.ended_at = at
    return fresh


def freshen(session: Session, token: str, *, at: datetime) -> None:
    """A fresh proof was given: good for five minutes."""
    session.execute(
        update(ReaderSession).where(ReaderSession.token_hash == hashed(token)).values(fresh_until=at + FRESH)
    )


def _fitting(seed: str, typed: str, *, last_step: int, wall: datetime) -> int:
    totp = pyotp.TOTP(seed)
    digits = code_of(typed)
    step = fitting_step(digits, at=wall, last_step=last_step, code_of=lambda step: totp.at(step * STEP_SECONDS))
    if not digits or step is None:
        raise WrongStep()
    return step


def _lock(session: Session, reader_id: int) -> bool:
    """Changes of one person's ways take their turn. Tells whether there is none yet."""
    session.execute(select(Reader.id).where(Reader.id == reader_id).with_for_update(key_share=True))
    return not ways(session, reader_id)


def _spend(session: Session, token: str, *, at: datetime) -> None:
    if not insert_once(session, SpentChallenge, challenge_hash=hashed(token), used_at=at):
        raise PasskeyRefused()


def _code_hash(reader_id: int, code: str) -> str:
    return hashed(f"recovery {reader_id}:{code}")


def _say(session: Session, reader_id: int, what: str, way: str, *, by: int | None = None, at: datetime) -> None:
    actor = by if what == "forgotten" else reader_id
    trail.note(session, actor_id=actor, action=f"second-step:{what}", object=f"reader/{reader_id}", at=at, way=way)
    person = session.get(Person, reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, reader_id)
        key = f"second-step:{reader_id}:{what}:{way}:{at.isoformat()}"
        write(session, "second_step", to, key=key, at=at, what=what, way=way)

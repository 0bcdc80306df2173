"""Verbs of signing in: asking for a letter, and the link or the code out of it, each good for one session at most."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.mail.bounces import lift
from membership.mail.writing import Recipient, write
from membership.readers.actions import open_session
from membership.readers.models import SignInChallenge
from membership.readers.queries import challenge_by_token, person_by_email, role_of
from membership.readers.rules import CHALLENGE_LIVES, RECENT, WRONG_CODES, LinkSpent, is_open
from membership.web.tokens import hashed, new_code, new_token


@dataclass(frozen=True)
class SignedIn:
    """A session that was opened: the token for the cookie, the path to go on to, and when its letter was asked for."""

    token: str
    next_path: str
    asked_at: datetime


def ask_for_letter(
    session: Session, email: str, *, browser_hash: str, next_path: str, language: str, at: datetime
) -> None:
    """Write a letter with a link and a code, bound to the browser that asked.

    For an address that nobody is known by, the same statements run and a letter is written too. It says that nobody is
    known here by this address and how to become a patron: whoever typed another of their addresses learns why nothing
    came, and whoever watches the site learns nothing, in words or in time. The limits keep it from being a nuisance.
    """
    person = person_by_email(session, email)
    token, code = new_token(), new_code()
    challenge = SignInChallenge(
        token_hash=hashed(token), code_hash=_code_hash(token_hash=hashed(token), code=code), browser_hash=browser_hash,
        reader_id=person.reader_id if person else None, next_path=next_path, created_at=at,
        expires_at=at + CHALLENGE_LIVES, wrong_codes=0,
    )  # fmt: skip
    session.add(challenge)
    session.flush()
    recipient = (
        Recipient(person.email, person.name, person.language, person.reader_id)
        if person
        else Recipient(email.strip(), language=language)
    )
    kind = "sign_in" if person else "sign_in_unknown"
    write(session, kind, recipient, key=f"sign-in:{challenge.token_hash[:32]}", at=at, fleeting=True, token=token, code=code)


def sign_in_by_link(session: Session, token: str, *, browser_hash: str, browser: str = "", at: datetime) -> SignedIn:
    """The link, pressed in the browser that asked for it. Raises `LinkSpent` for anything else."""
    challenge = challenge_by_token(session, token)
    if challenge is None or challenge.browser_hash != browser_hash or challenge.reader_id is None:
        raise LinkSpent()
    return _use(session, challenge, browser, at)


def sign_in_by_code(
    session: Session, code: str, *, browser_hash: str, browser: str = "", at: datetime
) -> SignedIn | None:
    """The code out of the newest letter that this browser asked for; None when it does not fit, and that is counted.

    Not a refusal, because the count must be kept. Raises `LinkSpent` when no letter of this browser is open any more.
    """
    challenge = _newest(session, browser_hash, at)
    if challenge is None:
        raise LinkSpent()
    fits = hmac.compare_digest(_code_hash(token_hash=challenge.token_hash, code=code), challenge.code_hash)
    if not fits or challenge.reader_id is None:
        challenge.wrong_codes += 1
        return None
    return _use(session, challenge, browser, at)


def _newest(session: Session, browser_hash: str, at: datetime) -> SignInChallenge | None:
    statement = (
        select(SignInChallenge)
        .where(SignInChallenge.browser_hash == browser_hash)
        .order_by(SignInChallenge.id.desc())
        .limit(1)
        .with_for_update()
    )
    found = session.execute(statement).scalar_one_or_none()
    return found if found is not None and _is_open(found, at) else None


def _is_open(challenge: SignInChallenge, at: datetime) -> bool:
    return is_open(used_at=challenge.used_at, expires_at=challenge.expires_at, wrong_codes=challenge.wrong_codes, at=at)


def _use(session: Session, challenge: SignInChallenge, browser: str, at: datetime) -> SignedIn:
    """One guarded statement uses a challenge up, so that two presses at once open one session."""
    still_open = (
        SignInChallenge.id == challenge.id, SignInChallenge.used_at.is_(None), SignInChallenge.expires_at >= at,
        SignInChallenge.wrong_codes < WRONG_CODES,
    )  # fmt: skip
    used = session.execute(update(SignInChallenge).where(*still_open).values(used_at=at))
    if used.rowcount != 1 or challenge.reader_id is None:  # type: ignore[attr-defined]
        raise LinkSpent()
    lift(session, challenge.reader_id, at=at)  # a letter arrived
    fresh = at + RECENT if role_of(session, challenge.reader_id) is None else None
    token = open_session(session, challenge.reader_id, at, browser=browser, fresh_until=fresh)
    return SignedIn(token, challenge.next_path, challenge.created_at)


def _code_hash(*, token_hash: str, code: str) -> str:
    return hashed(f"{token_hash}:{code}")

"""Proofs before a payment: a small piece of arithmetic done by the browser, or a code out of a letter.

A challenge is signed, short-lived and bound to the browser and the address it was made for; nothing is kept of it until
it is spent. A code is a row with its hash, like a sign-in letter's.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.giving.guard_models import PaymentCode, SpentProof
from membership.giving.guard_rules import proves
from membership.mail.writing import Recipient, write
from membership.readers.rules import code_of
from membership.web.limits import keyed
from membership.web.tokens import hashed, new_code, new_token

LIVES = timedelta(minutes=10)
WRONG_CODES = 5


def new_challenge(*, browser_hash: str, person: str, bits: int, at: datetime) -> str:
    """A challenge `nonce.expires.bits.mac`. It is solved by a number n for which SHA-256 of `challenge.n` begins with so
    many zero bits."""
    head = f"{new_token()}.{int((at + LIVES).timestamp())}.{bits}"
    return f"{head}.{_mac(head, browser_hash, person)}"


def spend_proof(session: Session, solution: str, *, browser_hash: str, person: str, at: datetime) -> bool:
    """Whether this solves a challenge of ours, made for this browser and address, in time, and for the first time."""
    challenge, _, number = solution.rpartition(".")
    head, _, mac = challenge.rpartition(".")
    parts = head.split(".")
    if len(parts) != 3 or not (number.isascii() and number.isdigit() and len(number) <= 12):
        return False
    if not hmac.compare_digest(mac.encode(), _mac(head, browser_hash, person).encode()):
        return False
    nonce, expires, bits = parts[0], datetime.fromtimestamp(int(parts[1]), UTC), int(parts[2])
    if at > expires or not proves(solution, bits):
        return False
    return insert_once(session, SpentProof, nonce=hashed(nonce), expires_at=expires)


def _mac(head: str, browser_hash: str, person: str) -> str:
    return keyed(f"proof\0{head}\0{browser_hash}\0{person}")


def write_code(
    session: Session,
    email: str,
    *,
    browser_hash: str,
    person: str,
    language: str,
    instead: Callable[[Session, datetime], bool] | None,
    at: datetime,
) -> None:
    """A letter with a code to the address that was typed, or the letter that `instead` writes in its place.

    Whichever it is, the same rows are written, so that whoever watches the site cannot tell them apart.
    """
    other = instead is not None and instead(session, at)
    code, salt = new_code(), new_token()
    made = PaymentCode(
        browser_hash=browser_hash, person=person, code_hash="" if other else f"{salt}:{hashed(f'{salt}:{code}')}",
        expires_at=at + LIVES, wrong_codes=0,
    )  # fmt: skip
    session.add(made)
    session.flush()
    if not other:
        recipient = Recipient(email.strip(), language=language)
        write(session, "payment_code", recipient, key=f"payment-code:{hashed(salt)[:32]}", at=at, fleeting=True, code=code)


def use_code(session: Session, typed: str, *, browser_hash: str, person: str, at: datetime) -> bool:
    """Whether this is the code of the newest letter that this browser had sent to this address; then it is used up.

    A wrong one is counted, and the fifth voids the letter.
    """
    newest = (
        select(PaymentCode)
        .where(PaymentCode.browser_hash == browser_hash, PaymentCode.person == person)
        .order_by(PaymentCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    found = session.execute(newest).scalar_one_or_none()
    if found is None or found.used_at is not None or at > found.expires_at or found.wrong_codes >= WRONG_CODES:
        return False
    salt, _, digest = found.code_hash.partition(":")
    if not digest or not hmac.compare_digest(hashed(f"{salt}:{code_of(typed)}"), digest):
        session.execute(
            update(PaymentCode).where(PaymentCode.id == found.id).values(wrong_codes=PaymentCode.wrong_codes + 1)
        )
        return False
    found.used_at = at
    return True

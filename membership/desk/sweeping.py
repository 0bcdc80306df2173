"""Sweeping: rows that have served are taken away, a broom's width at a time, so that no table grows for ever and no other
writer waits long. What is swept is named here, with how long it is kept; books, letters and the trail are never touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, tuple_
from sqlalchemy.orm import Session

from membership.giving.guard_models import CheckoutOrigin, PaymentCode, PaymentTry, SpentProof
from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.perks.community_models import CommunityCode, CommunityToken
from membership.privacy.keeping import let_go
from membership.readers.models import ReaderSession, SignInChallenge
from membership.readers.rules import READER_ABSOLUTE, READER_IDLE
from membership.readers.step_models import SpentChallenge
from membership.web.keeping import OWN, terms_kept
from membership.web.limits import LimitCount

WIDTH = 500
DAY = timedelta(days=1)
LONGEST_WINDOW = DAY
"""No limit counts over a longer time (a test holds it)."""


@dataclass(frozen=True)
class Spent:
    """Rows of a table that nobody needs any more: its key, and the condition."""

    table: Any
    key: tuple[Any, ...]
    condition: ColumnElement[bool]


def spent(at: datetime, kept: Mapping[str, int] = OWN) -> list[Spent]:
    """Everything that is swept, as of a moment. Challenges, proofs and codes are kept a day beyond their end; a session that
    ended, too; where payments began, what became of the tries, and how somebody came who then did not pay, for as many
    days as are `kept` (`web.keeping`).

    A swept row's number may be given again (SQLite does): no letter's key and nobody's memory may be made of one.
    """
    ended = or_(
        ReaderSession.ended_at < at - DAY,
        ReaderSession.created_at < at - READER_ABSOLUTE - DAY,
        ReaderSession.seen_at < at - READER_IDLE - DAY,
    )
    near, touched = (at - kept[term] * DAY for term in ("networks", "touches"))
    came_for_nothing = select(Checkout.id).where(Checkout.state != "paid", Checkout.begun_at < touched)
    counted = LimitCount.window_start < at - LONGEST_WINDOW - DAY
    return [
        Spent(SignInChallenge, (SignInChallenge.id,), SignInChallenge.expires_at < at - DAY),
        Spent(ReaderSession, (ReaderSession.token_hash,), ended),
        Spent(LimitCount, (LimitCount.scope, LimitCount.subject, LimitCount.window_start), counted),
        Spent(SpentProof, (SpentProof.nonce,), SpentProof.expires_at < at - DAY),
        Spent(SpentChallenge, (SpentChallenge.challenge_hash,), SpentChallenge.used_at < at - DAY),
        Spent(PaymentCode, (PaymentCode.id,), PaymentCode.expires_at < at - DAY),
        Spent(PaymentTry, (PaymentTry.charge_id,), PaymentTry.at < near),
        Spent(CommunityCode, (CommunityCode.code_hash,), CommunityCode.expires_at < at - DAY),
        Spent(CommunityToken, (CommunityToken.token_hash,), CommunityToken.expires_at < at - DAY),
        Spent(CheckoutTouch, (CheckoutTouch.checkout_id,), CheckoutTouch.checkout_id.in_(came_for_nothing)),
        Spent(CheckoutOrigin, (CheckoutOrigin.checkout_id,), CheckoutOrigin.begun_at < near),
    ]


def sweep(session: Session, *, at: datetime, width: int = WIDTH) -> bool:
    """Take away or wipe at most `width` rows of each table; whether there is more to do."""
    kept = terms_kept(session)
    full = let_go(session, kept, at=at, width=width)
    for one in spent(at, kept):
        chosen = select(*one.key).where(one.condition).limit(width)
        keys = one.key[0] if len(one.key) == 1 else tuple_(*one.key)
        gone = session.execute(delete(one.table).where(keys.in_(chosen)).execution_options(synchronize_session=False))
        full = full or gone.rowcount >= width  # type: ignore[attr-defined]
    return full

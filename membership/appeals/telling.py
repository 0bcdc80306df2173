"""Passing the newsroom on: a code of one's own, the links that carry it, and telling whoever brought one."""

from __future__ import annotations

import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from membership.appeals.telling_models import Brought, ThanksCode
from membership.db import insert_once
from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.readers.models import Reader


def make_code(session: Session, reader_id: int, *, at: datetime) -> None:
    """A code for a reader who wants one; whoever has one keeps it."""
    insert_once(session, ThanksCode, reader_id=reader_id, code=secrets.token_urlsafe(6), made_at=at)


def end_code(session: Session, reader_id: int) -> None:
    """The code is gone: links that carry it work as before and thank nobody. Who was brought is forgotten with it."""
    session.execute(delete(Brought).where(Brought.bringer_id == reader_id))
    merged = select(Reader.id).where(Reader.merged_into_id == reader_id)  # whoever they were before has a code, too
    session.execute(delete(ThanksCode).where(or_(ThanksCode.reader_id == reader_id, ThanksCode.reader_id.in_(merged))))


def code_of(session: Session, reader_id: int) -> str | None:
    """A reader's own code."""
    return session.execute(select(ThanksCode.code).where(ThanksCode.reader_id == reader_id)).scalar_one_or_none()


def brought_by(session: Session, reader_id: int) -> list[Brought]:
    """Those who said that this reader had brought them, the newest first. Who turned out to be the same person is nobody."""
    own = select(Checkout.id).where(Checkout.reader_id == reader_id)
    rows = select(Brought).where(Brought.bringer_id == reader_id, Brought.checkout_id.not_in(own))
    return list(session.execute(rows.order_by(Brought.told_at.desc(), Brought.checkout_id.desc())).scalars())


def bringer_of(session: Session, checkout: Checkout) -> int | None:
    """Whose link a paid checkout came by, if they can still be told: not oneself, and not told already.

    The code of a reader who was merged into another one thanks that one.
    """
    if checkout.state != "paid" or session.get(Brought, checkout.id) is not None:
        return None
    found = (
        select(func.coalesce(Reader.merged_into_id, Reader.id))
        .join(ThanksCode, ThanksCode.reader_id == Reader.id)
        .join(CheckoutTouch, CheckoutTouch.thanks == ThanksCode.code)
        .where(CheckoutTouch.checkout_id == checkout.id)
    )
    bringer = session.execute(found).scalar_one_or_none()
    return None if bringer == checkout.reader_id else bringer


def tell_bringer(session: Session, checkout: Checkout, name: str, *, at: datetime) -> bool:
    """Let whoever passed the newsroom on know that it brought somebody, once, under the name they chose; whether it did."""
    bringer = bringer_of(session, checkout)
    return bringer is not None and insert_once(
        session, Brought, checkout_id=checkout.id, bringer_id=bringer, name=name, told_at=at
    )


def link_to(address: str, code: str | None) -> str:
    """The address to pass on, with one's own code in it, if there is one."""
    if code is None:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'thanks': code})}"


def ways_to_tell(link: str, words: str) -> list[tuple[str, str]]:
    """Where the link can be sent by a mere link, with nothing loaded from there: name and address."""
    both, escaped = quote(f"{words} {link}"), quote(link, safe="")
    return [
        ("WhatsApp", f"https://wa.me/?text={both}"),
        ("Telegram", f"https://t.me/share/url?url={escaped}&text={quote(words)}"),
        ("Bluesky", f"https://bsky.app/intent/compose?text={both}"),
        ("Facebook", f"https://www.facebook.com/sharer/sharer.php?u={escaped}"),
    ]

"""Which letters a reader wants: everything but what is about money and sign-in can be stopped, each sort by one switch.

The switch stands among the preferences, and every such letter carries an address that opens it without signing in. The
address is signed and names a reader and a sort, so that it opens nothing else and needs no row of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from membership.db import insert_each_once, insert_once
from membership.mail.bounces import withdraw
from membership.mail.models import Letter, Mailing
from membership.readers.models import LetterConsent, LetterRefusal
from membership.refusals import NotFound

SORT_WORDS = {
    "bulletins": (
        _l("Write to me with news from the newsroom"), _l("They bring news from the newsroom."),
        _l("No more news from the newsroom:"),
    ),
    "asking": (
        _l("Write to me when you ask for support"), _l("They ask for support."), _l("No more letters that ask for support:"),
    ),
    "ballots": (
        _l("Tell me when a ballot opens in which I may vote"), _l("They tell you when a ballot opens in which you may vote."),
        _l("No more letters about new ballots:"),
    ),
    "closing": (
        _l("Remind me once before a ballot closes in which I have not voted"),
        _l("They remind you, once, before a ballot closes in which you have not voted."),
        _l("No more reminders of ballots that close:"),
    ),
    "topics": (
        _l("Tell me what becomes of topics that I proposed or support"),
        _l("They tell you what becomes of topics that you proposed or support."), _l("No more letters about topics:"),
    ),
    "campaigns": (
        _l("Tell me how a campaign goes on to which I gave, where I asked for it"),
        _l("They tell you how a campaign goes on to which you gave."), _l("No more letters about campaigns:"),
    ),
    "stories": (
        _l("Tell me when a story that I helped to choose is out, or late"),
        _l("They tell you when a story that you helped to choose is out, or late."),
        _l("No more letters about stories that I helped to choose:"),
    ),
}  # fmt: skip
"""Each sort of letters: its switch among the preferences, what they are, what stands before the address that stops them."""
SORTS = tuple(SORT_WORDS)
ASKED_FIRST = ("bulletins", "asking")
"""Sorts that have nothing to do with what a reader takes part in: where staff chose so, they wait for a yes."""


def wishes(session: Session, reader_id: int) -> dict[str, bool]:
    """For each sort of letters whether this reader wants them; so everybody does who has not said otherwise."""
    refused = select(LetterRefusal.sort).where(LetterRefusal.reader_id == reader_id)
    found = set(session.execute(refused).scalars())
    return {sort: sort not in found for sort in SORTS}


def wants(reader_id: ColumnElement[int] | Any, sort: str) -> ColumnElement[bool]:
    """For a query: whether the reader with this number wants letters of this sort."""
    refused = select(LetterRefusal.reader_id).where(LetterRefusal.reader_id == reader_id, LetterRefusal.sort == sort)
    return ~refused.exists()


def wish(
    session: Session, reader_id: int, sort: str, *, wanted: bool, place: str = "", words: str | None = None, at: datetime
) -> None:
    """Turn a sort of letters on or off; said twice is said once. Those that wait already are withdrawn.

    A change is kept with its proof: `place` is the page on which it was said (empty: on none), `words` what stood there (by
    default those of the switch, in the language of the page).
    """
    if wanted:
        mine = (LetterRefusal.reader_id == reader_id, LetterRefusal.sort == sort)
        changed = bool(session.execute(delete(LetterRefusal).where(*mine)).rowcount)  # type: ignore[attr-defined]
    else:
        changed = insert_once(session, LetterRefusal, reader_id=reader_id, sort=sort, refused_at=at)
    if changed:
        said = str(SORT_WORDS[sort][0]) if words is None else words
        session.add(LetterConsent(reader_id=reader_id, sort=sort, wanted=wanted, at=at, place=place, words=said))
    if not wanted:
        of_sort = Letter.mailing_id.in_(select(Mailing.id).where(Mailing.sort == sort))
        withdraw(session, Letter.reader_id == reader_id, of_sort, why="the reader wants none of these any more")


def wish_here(session: Session, reader_id: int, sort: str, *, place: str, words: str, at: datetime) -> bool:
    """Somebody asks, about one thing, for letters of this sort; whether they will come.

    That takes away a refusal which nobody said (`refuse_each`). One that this reader said themselves is theirs to take back
    where they said it: a page about one thing does not open all the others again.
    """
    if wishes(session, reader_id)[sort]:
        return True
    last = select(LetterConsent.wanted).where(LetterConsent.reader_id == reader_id, LetterConsent.sort == sort)
    if session.execute(last.order_by(LetterConsent.id.desc()).limit(1)).scalar() is False:
        return False
    wish(session, reader_id, sort, wanted=True, place=place, words=words, at=at)
    return True


def consent_each(session: Session, reader_ids: Sequence[int], *, place: str, words: str, at: datetime) -> None:
    """Keep that these readers said yes before we knew them, to news and appeals, in the words of whoever tells us."""
    rows = [
        {"reader_id": one, "sort": sort, "wanted": True, "at": at, "place": place, "words": words}
        for one in reader_ids
        for sort in ASKED_FIRST
    ]
    if rows:
        session.execute(insert(LetterConsent), rows)


def refuse_each(session: Session, reader_ids: Sequence[int], *, sorts: Sequence[str] = SORTS, at: datetime) -> None:
    """No letters of these sorts for these readers, who never said that they would like some."""
    rows = [{"reader_id": one, "sort": sort, "refused_at": at} for one in reader_ids for sort in sorts]
    if rows:
        insert_each_once(session, LetterRefusal, rows)


def stop_address(reader_id: int, sort: str) -> str:
    """Where this reader can stop this sort of letters without signing in."""
    base = current_app.config["MEMBERSHIP"].base_url
    return f"{base}/letters/stop/{_signer().dumps([reader_id, sort])}"


def read_stop(token: str) -> tuple[int, str]:
    """Whose letters, and which sort, such an address is about. Raises `NotFound` for one that we have not made."""
    try:
        reader_id, sort = _signer().loads(token)
    except BadSignature:
        raise NotFound() from None
    if sort not in SORTS:
        raise NotFound()
    return int(reader_id), str(sort)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["MEMBERSHIP"].secret_key, salt="letters:stop")

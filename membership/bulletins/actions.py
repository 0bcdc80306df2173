"""Verbs about bulletins: drafting, writing, trying one on oneself, setting its time, gathering, pausing, stopping."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.bulletins import rules, wording
from membership.bulletins.models import Bulletin, BulletinText
from membership.bulletins.queries import audience, bulletin_by_id, recipients, texts_of
from membership.bulletins.rules import Segment, segment_of
from membership.db import insert_once_as
from membership.jobs.queue import post
from membership.languages import language_of
from membership.mail import many
from membership.mail.models import MailingText
from membership.mail.writing import Recipient
from membership.newsroom.queries import current
from membership.readers.models import Person
from membership.readers.trail import note
from membership.readers.wishes import SORT_WORDS, stop_address
from membership.refusals import NotFound

RECIPIENTS_AT_ONCE = 1000
WITHDRAWN_AT_ONCE = 5000


def draft(session: Session, *, attempt: str, language: str, by: int, at: datetime, like: int | None = None) -> int:
    """A new bulletin, empty or with another one's words and segment (`like`); its number. The same attempt is one draft."""
    model = bulletin_by_id(session, like) if like is not None else None
    values: dict[str, Any] = {
        "sort": model.sort if model else rules.SORTS[0],
        "segment": model.segment if model else Segment().as_plain(),
    }
    made = insert_once_as(
        session, Bulletin, attempt=f"{by}:{attempt}", state="draft", paused=False, made_by=by, made_at=at, due_at=None,
        gathered_to=0, **values,
    )  # fmt: skip
    if made is None:
        return session.execute(select(Bulletin.id).where(Bulletin.attempt == f"{by}:{attempt}")).scalar_one()
    said = texts_of(session, model.id) if model else {}
    for tongue, text in said.items():
        session.add(BulletinText(bulletin_id=made.id, language=tongue, subject=text.subject, body=text.body))
    if not said:
        session.add(BulletinText(bulletin_id=made.id, language=language, subject="", body=""))
    note(session, actor_id=by, action="bulletin:drafted", object=f"bulletin/{made.id}", at=at)
    return made.id


def write(
    session: Session, bulletin_id: int, language: str, *, subject: str, body: str, sort: str, segment: Segment, by: int,
    at: datetime,
) -> None:  # fmt: skip
    """A draft's words in one language, and whom it is for. Raises `NotFound`, `NotADraft`."""
    bulletin = _drafted(session, bulletin_id)
    text = texts_of(session, bulletin_id).get(language)
    if text is None:
        raise NotFound()
    text.subject, text.body = " ".join(subject.split()), body.replace("\r\n", "\n").strip()
    bulletin.sort, bulletin.segment = sort, segment.as_plain()
    note(session, actor_id=by, action="bulletin:written", object=f"bulletin/{bulletin_id}", at=at, language=language)


def add_language(session: Session, bulletin_id: int, language: str) -> None:
    """A draft speaks one language more. Raises `NotFound`, `NotADraft`."""
    _drafted(session, bulletin_id)
    if language not in texts_of(session, bulletin_id):
        session.add(BulletinText(bulletin_id=bulletin_id, language=language, subject="", body=""))


def drop_language(session: Session, bulletin_id: int, language: str) -> None:
    """A draft speaks one language less. Raises `NotFound`, `NotADraft`, `OnlyLanguage`."""
    _drafted(session, bulletin_id)
    if {language} >= set(texts_of(session, bulletin_id)):
        raise rules.OnlyLanguage()
    gone = (BulletinText.bulletin_id == bulletin_id, BulletinText.language == language)
    session.execute(delete(BulletinText).where(*gone))


def discard(session: Session, bulletin_id: int, *, by: int, at: datetime) -> None:
    """A draft is thrown away. Raises `NotFound`, `NotADraft`."""
    bulletin = _drafted(session, bulletin_id)
    session.execute(delete(BulletinText).where(BulletinText.bulletin_id == bulletin_id))
    session.delete(bulletin)
    note(session, actor_id=by, action="bulletin:discarded", object=f"bulletin/{bulletin_id}", at=at)


def try_out(session: Session, bulletin_id: int, language: str, *, attempt: str, by: int, at: datetime) -> str:
    """One letter to whoever asks, as readers would get it; the address. Raises `NotFound`, `NothingSaid`."""
    bulletin, me = bulletin_by_id(session, bulletin_id), session.get_one(Person, by)
    text = texts_of(session, bulletin_id)[language]
    rules.check_words({language: (text.subject, text.body)})
    name = f"bulletin:{bulletin_id}:test:{by}:{attempt}"
    of = many.mailing(session, name, sort=bulletin.sort, lane=many.LANE_NEWS)
    if session.get(MailingText, (of, language)) is None:
        session.add(_shared(session, bulletin, text, of, test=True))
        session.flush()
        one = many.One(Recipient(me.email, me.name, language, by), name, stop_address(by, bulletin.sort))
        many.address_each(session, of, "bulletin_test", [(one, language, text.subject)], at=at)
        many.wake(session, name, at=at)
        note(session, actor_id=by, action="bulletin:tried", object=f"bulletin/{bulletin_id}", at=at)
    return me.email


def schedule(
    session: Session, bulletin_id: int, *, confirmed: int, due_at: datetime | None, by: int, at: datetime
) -> int:
    """Send it to those whom somebody confirmed to be so many, at a time or (None) at once; how many they are now.

    Raises `NotFound`, `NotADraft`, `NothingSaid`, `NobodyThere`, `NumberChanged`, `InThePast`.
    """
    bulletin = _drafted(session, bulletin_id)
    rules.check_words({one.language: (one.subject, one.body) for one in texts_of(session, bulletin_id).values()})
    if due_at is not None:
        rules.check_due(due_at, at)
    found = audience(session, segment_of(bulletin.segment), bulletin.sort, at)
    rules.check_number(confirmed, found)
    bulletin.state, bulletin.due_at, bulletin.sent_by = "scheduled", due_at or at, by
    _post("start", bulletin_id, session, due_at=bulletin.due_at)
    note(
        session, actor_id=by, action="bulletin:scheduled", object=f"bulletin/{bulletin_id}", at=at,
        recipients=found.reached, due_at=bulletin.due_at.isoformat(),
    )  # fmt: skip
    return found.reached


def take_back(session: Session, bulletin_id: int, *, by: int, at: datetime) -> None:
    """What was to be sent later is a draft again. Raises `NotFound`, `NotOnItsWay`."""
    bulletin = bulletin_by_id(session, bulletin_id, lock=True)
    if bulletin.state != "scheduled":
        raise rules.NotOnItsWay()
    bulletin.state, bulletin.due_at, bulletin.sent_by = "draft", None, None
    note(session, actor_id=by, action="bulletin:taken_back", object=f"bulletin/{bulletin_id}", at=at)


def start(session: Session, bulletin_id: int, *, at: datetime) -> None:
    """Its time has come: its words are fixed, and from this moment's readers the recipients are gathered."""
    bulletin = bulletin_by_id(session, bulletin_id, lock=True)
    if bulletin.state != "scheduled" or bulletin.due_at is None:
        return
    if at < bulletin.due_at:  # it was taken back, and set to a later time
        _post("start", bulletin_id, session, due_at=bulletin.due_at)
        return
    of = many.mailing(session, f"bulletin:{bulletin_id}", sort=bulletin.sort, lane=many.LANE_BULLETIN, held=True)
    for text in texts_of(session, bulletin_id).values():
        session.add(_shared(session, bulletin, text, of))
    bulletin.state, bulletin.started_at, bulletin.mailing_id = "started", at, of
    _post("gather", bulletin_id, session, due_at=at)


def gather(session: Session, bulletin_id: int, *, at: datetime) -> None:
    """Write the letters of the next recipients, and post the job for the rest; behind the last of them sending begins.

    Where the next page begins is written in the same transaction: nobody is left out, nobody comes twice.
    """
    bulletin = bulletin_by_id(session, bulletin_id, lock=True)
    if bulletin.state != "started" or bulletin.gathered_at is not None:
        return
    assert bulletin.mailing_id is not None and bulletin.started_at is not None
    subjects = {language: text.subject for language, text in texts_of(session, bulletin_id).items()}
    us = current(session)
    own = us.language if us else ""
    found = session.execute(
        recipients(
            segment_of(bulletin.segment), bulletin.sort, bulletin.started_at, after=bulletin.gathered_to,
            most=RECIPIENTS_AT_ONCE,
        )
    ).all()  # fmt: skip
    those = []
    for row in found:
        language = rules.chosen(subjects, row.language, own)
        to = Recipient(row.email, row.name, language, row.reader_id)
        one = many.One(to, f"bulletin:{bulletin_id}:{row.reader_id}", stop_address(row.reader_id, bulletin.sort))
        those.append((one, language, subjects[language]))
    many.address_each(session, bulletin.mailing_id, "bulletin", those, at=at)
    if len(found) == RECIPIENTS_AT_ONCE:
        bulletin.gathered_to = found[-1].reader_id
        _post("gather", bulletin_id, session, due_at=at)
    else:
        bulletin.gathered_at = at
        many.hold(session, bulletin.mailing_id, held=bulletin.paused, at=at)


def pause(session: Session, bulletin_id: int, *, paused: bool, by: int, at: datetime) -> None:
    """Nobody gets it for now, or it goes on. Raises `NotFound`, `NotOnItsWay`."""
    bulletin = bulletin_by_id(session, bulletin_id, lock=True)
    if bulletin.state != "started" or bulletin.paused is paused or bulletin.mailing_id is None:
        raise rules.NotOnItsWay()
    bulletin.paused = paused
    if bulletin.gathered_at is not None:
        many.hold(session, bulletin.mailing_id, held=paused, at=at)
    deed = "bulletin:paused" if paused else "bulletin:resumed"
    note(session, actor_id=by, action=deed, object=f"bulletin/{bulletin_id}", at=at)


def stop(session: Session, bulletin_id: int, *, by: int, at: datetime) -> None:
    """Nobody gets it any more; who has it, has it. Raises `NotFound`, `NotOnItsWay`."""
    bulletin = bulletin_by_id(session, bulletin_id, lock=True)
    if bulletin.state != "started" or bulletin.mailing_id is None:
        raise rules.NotOnItsWay()
    bulletin.state = "stopped"
    many.hold(session, bulletin.mailing_id, held=True, at=at)
    _post("withdraw", bulletin_id, session, due_at=at)
    note(session, actor_id=by, action="bulletin:stopped", object=f"bulletin/{bulletin_id}", at=at)


def withdraw(session: Session, bulletin_id: int, *, at: datetime) -> None:
    """Withdraw some of a stopped bulletin's letters, and post the job for the rest."""
    bulletin = bulletin_by_id(session, bulletin_id)
    if bulletin.state != "stopped" or bulletin.mailing_id is None:
        return
    if many.withdraw_some(session, bulletin.mailing_id, most=WITHDRAWN_AT_ONCE) == WITHDRAWN_AT_ONCE:
        _post("withdraw", bulletin_id, session, due_at=at)


def set_pace(session: Session, per_minute: int, *, by: int, at: datetime) -> int:
    """From now on so many letters to many go out a minute."""
    per_minute = many.set_pace(session, per_minute)
    note(session, actor_id=by, action="mail:pace", object="mail", at=at, per_minute=per_minute)
    return per_minute


def letter_parts(session: Session, bulletin_sort: str, body: str, language: str) -> tuple[str, str, str]:
    """What a letter says: its text, its HTML's inside, and the words before the address that stops such letters."""
    base, us = current_app.config["MEMBERSHIP"].base_url, current(session)
    foot = ", ".join(part for part in (us.legal_name or us.name, us.legal_address) if part) if us else ""
    with force_locale(language_of(language)):
        stop_words = str(SORT_WORDS[bulletin_sort][2])
    text, html = wording.as_text(body, base), wording.as_html(body, base)
    return f"{text}\n-- \n{foot}\n", f"{html}{wording.small(foot)}", stop_words


def _shared(
    session: Session, bulletin: Bulletin, text: BulletinText, mailing_id: int, *, test: bool = False
) -> MailingText:
    said, html, stop_words = letter_parts(session, bulletin.sort, text.body, text.language)
    return MailingText(
        mailing_id=mailing_id, language=text.language, subject=f"[Test] {text.subject}" if test else text.subject,
        text=said, html=html, stop_words=stop_words,
    )  # fmt: skip


def _drafted(session: Session, bulletin_id: int) -> Bulletin:
    bulletin = bulletin_by_id(session, bulletin_id, lock=True)
    if bulletin.state != "draft":
        raise rules.NotADraft()
    return bulletin


def _post(deed: str, bulletin_id: int, session: Session, *, due_at: datetime) -> None:
    post(session, f"bulletins.{deed}", f"bulletin:{bulletin_id}:{deed}", {"bulletin": bulletin_id}, due_at=due_at)

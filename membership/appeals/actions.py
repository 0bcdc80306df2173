"""Verbs about appeals: drafting one, writing its words, adding variants and languages, beginning and ending it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.appeals.models import Appeal, AppealText
from membership.appeals.queries import texts_of
from membership.appeals.rules import (
    MOST_VARIANTS,
    MissingWords,
    NotRunning,
    Running,
    TooManyVariants,
    UnknownLanguage,
    Words,
    check_braces,
    letter,
    missing,
)
from membership.newsroom.models import Newsroom
from membership.readers.trail import note
from membership.refusals import NotFound


def draft(session: Session, name: str, texts: Mapping[tuple[int, str], Words], *, by: int, at: datetime) -> Appeal:
    """A new appeal that nobody sees yet, with these words by variant and language."""
    variants = 1 + max(variant for variant, _ in texts)
    appeal = Appeal(name=name, state="draft", variants=variants, made_at=at)
    session.add(appeal)
    session.flush()
    for (variant, language), words in texts.items():
        session.add(AppealText(appeal_id=appeal.id, variant=variant, language=language, **asdict(words)))
    note(session, actor_id=by, action="appeal:drafted", object=f"appeal/{appeal.id}", at=at)
    return appeal


def copied(session: Session, appeal_id: int, name: str, *, by: int, at: datetime) -> Appeal:
    """A draft with another appeal's words."""
    return draft(session, name, texts_of(session, hold(session, appeal_id).id), by=by, at=at)


def write(
    session: Session, appeal_id: int, name: str, variant: int, language: str, words: Words, *, by: int, at: datetime
) -> Appeal:
    """One variant's words in one language, and the appeal's own name. Raises `StrayBraces`, `Running` for an ended one."""
    appeal = hold(session, appeal_id)
    if appeal.state == "ended":
        raise Running()
    check_braces(words.heading, words.text, words.button, words.ways)
    row = session.get(AppealText, (appeal_id, variant, language))
    if row is None:
        raise NotFound()
    before = (row.heading, row.text, row.button, row.ways)
    row.heading, row.text, row.button, row.ways = words.heading, words.text, words.button, words.ways
    appeal.name = name
    changed = before != (words.heading, words.text, words.button, words.ways)
    if changed and appeal.state == "running":
        appeal.changed_at = at
    if changed:
        note(
            session, actor_id=by, action="appeal:written", object=f"appeal/{appeal_id}", at=at,
            variant=letter(variant), language=language,
        )  # fmt: skip
    return appeal


def add_variant(session: Session, appeal_id: int) -> int:
    """One more variant of a draft, beginning with A's words; its number. Raises `Running`, `TooManyVariants`."""
    appeal = _drafted(session, appeal_id)
    if appeal.variants >= MOST_VARIANTS:
        raise TooManyVariants()
    for (variant, language), words in texts_of(session, appeal_id).items():
        if variant == 0:
            session.add(AppealText(appeal_id=appeal_id, variant=appeal.variants, language=language, **asdict(words)))
    appeal.variants += 1
    return appeal.variants - 1


def drop_variant(session: Session, appeal_id: int) -> None:
    """A draft's last variant is gone; the first one stays. Raises `Running`."""
    appeal = _drafted(session, appeal_id)
    if appeal.variants > 1:
        appeal.variants -= 1
        last = (AppealText.appeal_id == appeal_id, AppealText.variant == appeal.variants)
        session.execute(delete(AppealText).where(*last))


def add_language(session: Session, appeal_id: int, language: str, known: frozenset[str]) -> None:
    """One more language of a draft, in every variant, with its own words to be translated. Raises `UnknownLanguage`."""
    appeal = _drafted(session, appeal_id)
    if language not in known:
        raise UnknownLanguage()
    texts = texts_of(session, appeal_id)
    for variant in range(appeal.variants):
        if (variant, language) not in texts:
            like = next(words for (held, _), words in texts.items() if held == variant)
            session.add(AppealText(appeal_id=appeal_id, variant=variant, language=language, **asdict(like)))


def drop_language(session: Session, appeal_id: int, language: str) -> None:
    """A draft speaks one language less; its last one stays. Raises `Running`."""
    _drafted(session, appeal_id)
    if {language} < {held for _, held in texts_of(session, appeal_id)}:
        gone = (AppealText.appeal_id == appeal_id, AppealText.language == language)
        session.execute(delete(AppealText).where(*gone))


def begin(session: Session, appeal_id: int, *, by: int, at: datetime) -> None:
    """Show it from now on, in the place of whichever ran before. Raises `Running`, `MissingWords`."""
    session.execute(select(Newsroom.id).with_for_update(key_share=True)).scalar_one()  # two beginnings take their turn
    appeal = _drafted(session, appeal_id)
    if lacking := missing(appeal.variants, texts_of(session, appeal_id)):
        raise MissingWords(variant=letter(lacking[0]), language=lacking[1])
    before = session.execute(select(Appeal).where(Appeal.state == "running").with_for_update(key_share=True))
    for other in before.scalars():
        other.state, other.ended_at = "ended", at
    session.flush()
    appeal.state, appeal.began_at = "running", at
    note(session, actor_id=by, action="appeal:began", object=f"appeal/{appeal_id}", at=at)


def end(session: Session, appeal_id: int, *, by: int, at: datetime) -> None:
    """Show it no more; what it brought stays. Raises `NotRunning`."""
    appeal = hold(session, appeal_id)
    if appeal.state != "running":
        raise NotRunning()
    appeal.state, appeal.ended_at = "ended", at
    note(session, actor_id=by, action="appeal:ended", object=f"appeal/{appeal_id}", at=at)


def discard(session: Session, appeal_id: int, *, by: int, at: datetime) -> None:
    """A draft that is not wanted. Raises `Running`: what readers saw is kept."""
    appeal = _drafted(session, appeal_id)
    session.execute(delete(AppealText).where(AppealText.appeal_id == appeal_id))
    session.delete(appeal)
    note(session, actor_id=by, action="appeal:discarded", object=f"appeal/{appeal_id}", at=at)


def hold(session: Session, appeal_id: int) -> Appeal:
    """The appeal, its row locked. Raises `NotFound`."""
    held = select(Appeal).where(Appeal.id == appeal_id).with_for_update(key_share=True)
    appeal = session.execute(held.execution_options(populate_existing=True)).scalar_one_or_none()
    if appeal is None:
        raise NotFound()
    return appeal


def _drafted(session: Session, appeal_id: int) -> Appeal:
    appeal = hold(session, appeal_id)
    if appeal.state != "draft":
        raise Running()
    return appeal

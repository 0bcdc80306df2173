"""Searching the topics: by words, state, tag and person, in an order, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from membership.newsroom.queries import current
from membership.topics.index import having_words
from membership.topics.models import Topic, TopicSupport, TopicTag
from membership.topics.queries import TopicLine, promised_ids

PAGE = 25
STATES = ("standing", "accepted", "asked", "needs_facts", "promised", "declined", "merged", "all")
"""*standing*: all that can be supported; *asked*: waiting for the editors; *promised*: chosen, and owed as a story."""
ORDERS = ("support", "newest", "oldest")


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for. `mine`: the number of the reader who proposed or supports it. `page` from 1."""

    words: str = ""
    state: str = "standing"
    tag: str = ""
    mine: int | None = None
    order: str = "support"
    page: int = 1


@dataclass(frozen=True)
class Found:
    """A page of topics, with how many there are on all of them, and the numbers of those that are promised."""

    lines: list[TopicLine]
    total: int
    page: int
    pages: int
    promised: set[int]


def wanted_of(args: Any, *, reader_id: int | None, state: str = "standing") -> Wanted:
    """What the query of an address asks for; what is not among the choices is the first of them."""
    page = args.get("page", "1")
    return Wanted(
        words=args.get("q", "").strip()[:200],
        state=args["state"] if args.get("state") in STATES else state,
        tag=args.get("tag", "").strip().casefold()[:60],
        mine=reader_id if args.get("mine") == "1" else None,
        order=args["order"] if args.get("order") in ORDERS else ORDERS[0],
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 else 1,
    )


def find(session: Session, wanted: Wanted) -> Found:
    """The topics that fit, the asked page of them (the last one when there are fewer)."""
    promised = promised_ids(session)
    where = _conditions(session, wanted, promised)
    total = session.execute(select(func.count()).select_from(Topic).where(*where)).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(max(wanted.page, 1), pages)
    counts = (
        select(TopicSupport.topic_id, func.count().label("number")).group_by(TopicSupport.topic_id).subquery()
        if wanted.order == "support"
        else None
    )
    if counts is not None:
        number = func.coalesce(counts.c.number, 0)
        ids = select(Topic.id).outerjoin(counts, counts.c.topic_id == Topic.id).order_by(number.desc(), Topic.id.desc())
    else:
        ids = select(Topic.id).order_by(Topic.id.desc() if wanted.order == "newest" else Topic.id)
    chosen = list(session.execute(ids.where(*where).limit(PAGE).offset((page - 1) * PAGE)).scalars())
    return Found(_lines(session, chosen), total, page, pages, promised)


def tags(session: Session) -> list[str]:
    """All tags in use."""
    return sorted(session.execute(select(TopicTag.tag).distinct()).scalars())


def _conditions(session: Session, wanted: Wanted, promised: set[int]) -> list[ColumnElement[bool]]:
    newsroom = current(session)
    where = _state(wanted.state, promised)
    for having in having_words(wanted.words, newsroom.language if newsroom else "en"):
        where.append(Topic.id.in_(having))
    if wanted.tag:
        where.append(Topic.id.in_(select(TopicTag.topic_id).where(TopicTag.tag == wanted.tag)))
    if wanted.mine is not None:
        supported = select(TopicSupport.topic_id).where(TopicSupport.reader_id == wanted.mine)
        where.append((Topic.proposer_id == wanted.mine) | Topic.id.in_(supported))
    return where


def _state(state: str, promised: set[int]) -> list[ColumnElement[bool]]:
    if state == "standing":
        return [Topic.state.in_(["proposed", "accepted", "needs_facts"])]
    if state == "asked":
        return [Topic.state == "proposed"]
    if state == "accepted":
        return [Topic.state == "accepted", Topic.id.not_in(promised)]
    if state == "promised":
        return [Topic.state == "accepted", Topic.id.in_(promised)]
    return [] if state == "all" else [Topic.state == state]


def _lines(session: Session, ids: list[int]) -> list[TopicLine]:
    supporters = select(func.count()).where(TopicSupport.topic_id == Topic.id).correlate(Topic).scalar_subquery()
    rows = {row.id: (row, count) for row, count in session.execute(select(Topic, supporters).where(Topic.id.in_(ids)))}
    return [
        TopicLine(row.id, row.slug, row.title, row.why, row.state, count, row.proposed_at)
        for row, count in (rows[number] for number in ids)
    ]

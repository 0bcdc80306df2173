"""The report `stories`: for each story that readers asked for, the votes it won, the pledges that began at it, and the
topics that were raised under it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from fractions import Fraction
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership.ballots.queries import options_of, result_of
from membership.money import Money
from membership.newsroom.models import Article
from membership.newsroom.queries import sites
from membership.newsroom.rules import canonical_article
from membership.promises.models import Promise
from membership.reports.articles import lined
from membership.reports.charts import rows as bars
from membership.reports.frame import Asked, Drawing, Heading, Link, Part
from membership.reports.rules import begin_of, month_later
from membership.reports.topics import Answer, answers
from membership.reports.touch_lines import Brought
from membership.reports.touching import touch_sums
from membership.topics.models import TopicLink, TopicSupport

EVER = "0000-00"
DRAWN = 8


def stories(session: Session, asked: Asked) -> list[Part]:
    """The stories that came out in these months, the newest first."""
    begin, end = begin_of(asked.since, asked.zone), begin_of(month_later(asked.until, 1), asked.zone)
    out = (Promise.state == "published", Promise.closed_at >= begin, Promise.closed_at < end)
    told = sorted(answers(session, asked, *out), key=lambda one: (one.out_on, one.promise.id), reverse=True)
    own = sites(session)
    address_of = {one.promise.id: canonical_article(one.promise.story_url or "", own) for one in told}
    addresses = {address for address in address_of.values() if address}
    brought = _brought(session, asked, addresses)
    raised, backed = _raised(session, own, addresses), _backed(session, [one.promise.topic_id for one in told])
    rows: list[tuple[Any, ...]] = []
    for one in told:
        address = address_of[one.promise.id] or ""
        votes, share = _votes(session, one)
        first = (votes, share, backed.get(one.promise.topic_id, 0), raised.get(address, 0))
        for place, (code, (last, begun)) in enumerate(_by_currency(asked, brought.get(address, {}))):
            rows.append(
                (Link(one.promise.story_title or one.promise.title, one.promise.story_url or ""), one.promise.story_url,
                 one.promise.title, one.out_on, *(first if place == 0 else (None,) * 4), code, last.patrons, begun.patrons,
                 last.begun, last.payments, Money(last.gross, code) if code else None)
            )  # fmt: skip
    return [_part(tuple(rows))]


def _votes(session: Session, one: Answer) -> tuple[int | None, Fraction | None]:
    """What the topic won, from the published result."""
    result = result_of(one.ballot)
    position = next(
        (row.position for row in options_of(session, one.ballot.id) if row.topic_id == one.promise.topic_id), None
    )
    found = next((option for option in result.options if option.position == position), None)
    return (found.votes, Fraction(found.share, 100)) if found else (None, None)


Pair = tuple[Brought, Brought]
"""By last touch, and by first touch."""


def _by_currency(asked: Asked, found: dict[str, Pair]) -> list[tuple[str, Pair]]:
    codes = [code for code, _ in lined(asked, {code: last for code, (last, _) in found.items()})]
    return [(code, found.get(code, (Brought(), Brought()))) for code in codes]


def _brought(session: Session, asked: Asked, addresses: Collection[str]) -> dict[str, dict[str, Pair]]:
    """By address and currency: everything that came from these articles up to the end of the months asked for."""
    wanted = select(Article.id, Article.address).where(Article.address.in_(addresses))
    numbers = {row.id: row.address for row in session.execute(wanted)}
    sums = touch_sums(
        session, asked.zone, since=EVER, until=asked.until, ways=("last", "first"), currency=asked.currency,
        article_ids=list(numbers),
    )  # fmt: skip
    found: dict[str, dict[str, Pair]] = defaultdict(lambda: defaultdict(lambda: (Brought(), Brought())))
    for key, brought in sums.items():
        found[numbers[key.article_id]][key.currency][key.way == "first"].take(brought)
    return found


def _raised(session: Session, own: list[str], addresses: Collection[str]) -> dict[str, int]:
    """How many topics name each of these articles among their links."""
    if not addresses:
        return {}
    links = select(TopicLink.topic_id, TopicLink.address).where(
        or_(*(TopicLink.address.startswith(site, autoescape=True) for site in own))
    )
    found: dict[str, set[int]] = defaultdict(set)
    for topic_id, address in session.execute(links):
        article = canonical_article(address, own)
        if article is not None and article in addresses:
            found[article].add(topic_id)
    return {address: len(topics) for address, topics in found.items()}


def _backed(session: Session, topic_ids: Collection[int]) -> dict[int, int]:
    """How many support each topic."""
    statement = select(TopicSupport.topic_id, func.count()).where(TopicSupport.topic_id.in_(topic_ids))
    return {row[0]: row[1] for row in session.execute(statement.group_by(TopicSupport.topic_id))}


def _part(rows: tuple[tuple[Any, ...], ...]) -> Part:
    return Part(
        "stories",
        gettext("Stories that readers asked for"),
        gettext(
            "Stories that came out in these months. Votes: what its topic won in the first round of its ballot (ticks, first"
            " choices, or stars), and the share of all votes. Supporters: who stands behind the topic. Topics raised: later"
            " proposals that name the story among their links. Patrons and payments: what came from the story's article, up"
            " to the end of these months, by last touch, renewals included and before fees; and patrons who first met an"
            " appeal there. A story that is not on one of your sites has none of these. What belongs to no currency stands"
            " beside the first one."
        ),
        (
            Heading("story", gettext("Story"), "text"),
            Heading("address", "", "text", only="file"),
            Heading("topic", gettext("Topic"), "text", only="file"),
            Heading("out_on", gettext("Story out"), "day"),
            Heading("votes", gettext("Votes"), "reach"),
            Heading("share", gettext("Of all votes"), "share"),
            Heading("supporters", gettext("Supporters"), "reach"),
            Heading("raised", gettext("Topics raised"), "reach"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("patrons", gettext("Patrons"), "people"),
            Heading("first_patrons", gettext("Patrons, first touch"), "people"),
            Heading("begun", gettext("First payments"), "people"),
            Heading("payments", gettext("Payments"), "people"),
            Heading("gross", gettext("Amount"), "money"),
        ),
        rows,
        lambda: _drawn(rows),
        most=50,
    )


def _drawn(rows: tuple[tuple[Any, ...], ...]) -> list[Drawing]:
    firsts = [row for row in rows if row[4] is not None]
    drawn = []
    for name, place, title in (
        ("votes", 4, gettext("Votes that a story won")), ("pledges", 9, gettext("Patrons who came from a story")),
    ):  # fmt: skip
        points = [(row[0].words, row[place], str(row[place]), False) for row in firsts[:DRAWN]]
        if any(value for _, value, _, _ in points):
            told = "; ".join(f"{label}: {said}" for label, _, said, _ in points)
            drawn.append(Drawing(name, title, told, rows=tuple(bars(points))))
    return drawn

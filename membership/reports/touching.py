"""Sums by way of coming: rolled up from payments and from memberships that begin, and read with what is not rolled up yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, aliased

from membership.appeals.models import Appeal
from membership.giving.models import Payment
from membership.giving.touch_models import CheckoutTouch
from membership.memberships.models import Membership, MembershipPayment, Movement
from membership.newsroom.models import Article
from membership.reports.lines import BEGINS
from membership.reports.marks import Marks
from membership.reports.touch_lines import WAYS, Brought, Came, TouchFact, TouchKey, payment_brought, touched
from membership.reports.way_models import RollMark, TouchMonth

SUMS = ("patrons", "begun", "payments", "begun_gross", "gross")
KEYS = ("way", "month", "article_id", "name", "currency")
Sums = dict[TouchKey, Brought]


def roll(session: Session, marks: Marks, zone: str, upto: Mapping[str, int], *, at: datetime, most: int) -> bool:
    """Add the next payments and beginnings up to these numbers; whether there are more. The marks are held."""
    more, facts = False, list[TouchFact]()
    for source, found in (("payment", _payments), ("movement", _beginnings)):
        mark = marks[source]
        last = min(upto[source], mark.upto + most)
        if last > mark.upto:
            facts += found(session, mark.upto, last)
            mark.upto, mark.rolled_at = last, at
        more = more or last < upto[source]
    _upsert(session, _added(facts, zone, WAYS))
    return more


def touch_sums(
    session: Session, zone: str, *, since: str, until: str, ways: Collection[str], currency: str | None = None,
    article_ids: Collection[int] | None = None,
) -> Sums:  # fmt: skip
    """By way, article or name, and currency, all months added up (the keys' month is empty).

    The sums and how far they reach come from one statement, as in `rolling`.
    """
    kept: Sums = {}
    columns = [getattr(TouchMonth, name) for name in KEYS]
    keys = [column for column in columns if column is not TouchMonth.month]
    wanted = [TouchMonth.way.in_(ways), TouchMonth.month >= since, TouchMonth.month <= until]
    wanted += [TouchMonth.currency == currency] if currency else []
    wanted += [TouchMonth.article_id.in_(article_ids)] if article_ids is not None else []
    wanted += [select(RollMark.source).where(RollMark.source == "payment", RollMark.zone == zone).exists()]
    rolled = (
        select(*keys, *(func.sum(getattr(TouchMonth, name)).label(name) for name in SUMS))
        .where(*wanted)
        .group_by(*keys)
        .subquery()
        .c
    )
    zero, none = literal(0), literal("")
    marks = select(
        literal("mark"), RollMark.upto, RollMark.source, none, zero, zero, zero, zero, zero
    ).where(RollMark.zone == zone)  # fmt: skip
    upto = {"payment": 0, "movement": 0}
    for way, article_id, name, code, *values in session.execute(union_all(select(*rolled), marks)):
        if way == "mark":
            upto[name] = int(article_id)
        else:
            kept[TouchKey(way, "", int(article_id), name, code)] = Brought(*(int(value) for value in values))
    fresh = [*_payments(session, upto["payment"], None), *_beginnings(session, upto["movement"], None)]
    for key, brought in _added(fresh, zone, ways).items():
        fits = since <= key.month <= until and currency in (None, key.currency)
        if fits and (article_ids is None or key.article_id in article_ids):
            kept.setdefault(key._replace(month=""), Brought()).take(brought)
    return kept


def _added(facts: list[TouchFact], zone: str, ways: Collection[str]) -> Sums:
    sums: Sums = {}
    for fact in facts:
        for key in touched(fact, zone, ways):
            sums.setdefault(key, Brought()).take(fact.brought)
    return sums


def _upsert(session: Session, sums: Sums) -> None:
    if not sums:
        return
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = insert(TouchMonth)
    more = {name: getattr(TouchMonth, name) + getattr(statement.excluded, name) for name in SUMS}
    rows = [key._asdict() | vars(brought) for key, brought in sums.items()]
    session.connection().execute(statement.on_conflict_do_update(index_elements=list(KEYS), set_=more), rows)


_CAME = (
    Article.address, Article.language.label("article_language"), CheckoutTouch.first_article_id, CheckoutTouch.embed,
    CheckoutTouch.campaign, CheckoutTouch.utm_campaign, CheckoutTouch.language, CheckoutTouch.appeal_id, CheckoutTouch.day,
    Appeal.variants,
)  # fmt: skip


def _with_came(statement: Any, article_id: Any, checkout_id: Any) -> Any:
    return (
        statement.add_columns(article_id.label("article_id"), *_CAME)
        .outerjoin(Article, Article.id == article_id)
        .outerjoin(CheckoutTouch, CheckoutTouch.checkout_id == checkout_id)
        .outerjoin(Appeal, Appeal.id == CheckoutTouch.appeal_id)
    )


def _came(row: Any) -> Came:
    return Came(
        row.article_id, row.address, row.article_language, row.first_article_id, row.embed, row.campaign, row.utm_campaign,
        row.language, row.appeal_id, row.day, row.variants,
    )  # fmt: skip


def _payments(session: Session, after: int, upto: int | None) -> Iterator[TouchFact]:
    """A membership's first payment begins it; one that another system began came along with all of its payments."""
    mine, earlier = aliased(MembershipPayment), aliased(MembershipPayment)
    before = select(earlier.payment_id).where(
        earlier.membership_id == mine.membership_id, earlier.payment_id < Payment.id
    )  # fmt: skip
    first = and_(mine.payment_id.is_not(None), Membership.adopted_at.is_(None), ~before.exists())
    begins = or_(Payment.kind != "membership", first)
    statement = _with_came(
        select(Payment.currency, Payment.amount, Payment.paid_at, begins.label("begins"))
        .select_from(Payment)
        .outerjoin(mine, mine.payment_id == Payment.id)
        .outerjoin(Membership, Membership.id == mine.membership_id),
        Payment.article_id, func.coalesce(Payment.checkout_id, Membership.checkout_id),
    ).where(Payment.id > after, *([Payment.id <= upto] if upto is not None else []))  # fmt: skip
    for row in session.execute(statement).yield_per(1000):
        brought = payment_brought(amount=int(row.amount), begins=bool(row.begins))
        yield TouchFact(_came(row), row.currency, row.paid_at, brought)


def _beginnings(session: Session, after: int, upto: int | None) -> Iterator[TouchFact]:
    statement = _with_came(
        select(Movement.currency, Movement.at)
        .select_from(Movement)
        .join(Membership, Membership.id == Movement.membership_id),
        Membership.article_id, Membership.checkout_id,
    ).where(
        Movement.kind.in_(BEGINS), Movement.id > after, *([Movement.id <= upto] if upto is not None else [])
    )  # fmt: skip
    for row in session.execute(statement).yield_per(1000):
        yield TouchFact(_came(row), row.currency, row.at, Brought(patrons=1))

"""The report `lapsed`: whose membership ended and who has none now, when and why, what they paid, whether they may be written
to. In numbers; the file with names is for managers (`lapsed_pages`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from membership.account.models import LeavingReason
from membership.account.rules import LEAVING
from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import DISPUTE_TAKES, REFUND_HOLDS
from membership.giving.models import Payment
from membership.giving.touch_models import CheckoutTouch
from membership.mail.bounces import takes_letters
from membership.memberships.models import Membership, Movement
from membership.memberships.rules import ENDED, NOT_BEGUN
from membership.memberships.standing import standings_at
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.readers.models import Person
from membership.readers.wishes import wants
from membership.reports import snapshots
from membership.reports.charts import ROW, columns
from membership.reports.charts import rows as lying
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.leaving import UNSAID
from membership.reports.lines import BEGINS, ENDS
from membership.reports.money_models import LapsedMonth
from membership.reports.pictures import month_words, why_words
from membership.reports.rules import monthly, months
from membership.reports.tables import amount
from membership.reports.within import month_of_column, of_memberships, source_column, within

SORT = "asking"
"""The letters that would be written to them are letters that ask for support."""
REASONS = (*LEAVING, UNSAID)
HEAD = (
    "reader", "name", "email", "language", "ended_at", "why", "reason", "tier", "currency", "a_month", "paid",
    "may_be_written_to",
)  # fmt: skip


@dataclass(frozen=True)
class Gone:
    """So many people whose last membership ended in a month: `yearly` is what they gave a year, `paid` all that they ever
    paid in that currency less what went back, `writable` how many of them may be written to."""

    month: str
    kind: str
    reason: str
    tier: str
    currency: str
    people: int
    writable: int
    yearly: int
    paid: int


def _each(asked: Asked) -> Select[*tuple[Any, ...]]:
    """A row for each: the last that happened to them is that a membership ended, and nothing makes them a patron now."""
    later, other = aliased(Movement), aliased(Membership)
    again = exists().where(
        later.reader_id == Movement.reader_id, later.id > Movement.id, later.kind.in_((*BEGINS, *ENDS))
    )
    runs = exists().where(
        other.reader_id == Movement.reader_id, other.id != Movement.membership_id, other.status.not_in(ENDED | NOT_BEGUN)
    )
    return (
        select(
            Person.reader_id, Person.name, Person.email, Person.language, Movement.at, Movement.kind, Movement.currency,
            (-Movement.yearly).label("yearly"), Tier.name.label("tier"), Membership.tier_id,
            case((Movement.kind == "lost", ""), else_=func.coalesce(LeavingReason.reason, UNSAID)).label("reason"),
            _kept().label("paid"), source_column().label("source"),
            case((and_(wants(Person.reader_id, SORT), takes_letters(Person.reader_id, Person.email)), 1), else_=0).label(
                "writable"
            ),
            month_of_column(Movement.at, asked).label("month"),
        )
        .select_from(Movement)
        .join(Membership, Membership.id == Movement.membership_id)
        .join(Person, Person.reader_id == Movement.reader_id)
        .join(Tier, Tier.id == Membership.tier_id)
        .outerjoin(CheckoutTouch, CheckoutTouch.checkout_id == Membership.checkout_id)
        .outerjoin(LeavingReason, LeavingReason.membership_id == Movement.membership_id)
        .where(
            Movement.kind.in_(ENDS), *within(Movement.at, asked), *of_memberships(asked, Movement.currency), ~again, ~runs,
            Person.reader_id.not_in(select(standings_at(asked.at).c.reader_id)),
        )
    )  # fmt: skip


def _kept() -> ColumnElement[int]:
    """What somebody paid in the currency of the membership and did not get back."""
    held = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == Payment.id, Refund.state.in_(REFUND_HOLDS)
    )
    back = held.correlate(Payment).scalar_subquery()
    disputed = exists().where(Dispute.payment_id == Payment.id, Dispute.status.in_(DISPUTE_TAKES)).correlate(Payment)
    left = case((disputed, 0), (back > Payment.amount, 0), else_=Payment.amount - back)
    own = (Payment.reader_id == Movement.reader_id, Payment.currency == Movement.currency)
    return func.coalesce(select(func.sum(left)).where(*own).correlate(Movement).scalar_subquery(), 0)


def gone(session: Session, asked: Asked) -> list[Gone]:
    """Counted by all that the report tells them by: from the last snapshot, if there is one, or as it is now."""
    names, sums = ("month", "kind", "reason", "tier_id", "currency"), ("writable", "yearly", "paid")
    tiers = session.execute(select(Tier.id, Tier.name).order_by(Tier.position, Tier.id)).all()
    if snapshots.made_at(session, "lapsed", asked.zone):
        of = {name: getattr(LapsedMonth, name) for name in (*names, *sums)}
        statement = select(*(of[name] for name in names), func.sum(LapsedMonth.people))
        statement = statement.where(*snapshots.of(LapsedMonth, asked))
    else:
        each = _each(asked).subquery()
        of = {name: each.c[name] for name in (*names, *sums)}
        statement = select(*(of[name] for name in names), func.count())
    statement = statement.add_columns(*(func.sum(of[name]) for name in sums)).group_by(*(of[name] for name in names))
    place = {id: number for number, (id, _) in enumerate(tiers)}
    rows = sorted(session.execute(statement).all(), key=lambda row: place[row[3]])
    told = dict(tiers)  # type: ignore[arg-type]
    return [
        Gone(month, kind, reason, told[tier], code, *(int(value) for value in values))
        for month, kind, reason, tier, code, *values in rows
    ]


def snapshot(session: Session, asked: Asked) -> list[dict[str, Any]]:
    """The rows of `LapsedMonth` as it is now."""
    each = _each(asked).subquery()
    keys = [each.c[name] for name in snapshots.keys(LapsedMonth)]
    sums = [func.sum(each.c[name]).label(name) for name in ("writable", "yearly", "paid")]
    found = session.execute(select(*keys, func.count().label("people"), *sums).group_by(*keys)).mappings()
    return [dict(row) | {name: int(row[name]) for name in ("writable", "yearly", "paid")} for row in found]


def people(session: Session, asked: Asked) -> Iterator[tuple[Any, ...]]:
    """They themselves, as rows under `HEAD`, who left last comes first; read as they are asked for, not all at once."""
    found = session.execute(_each(asked).order_by(Movement.id.desc()).execution_options(yield_per=1000))
    for row in found:
        a_month, paid = (amount(Money(int(one), row.currency)) for one in (monthly(int(row.yearly)), row.paid))
        why = "chosen" if row.kind == "left" else "failed"
        yield (
            row.reader_id, row.name, row.email, row.language, _told(row.at), why, row.reason, row.tier, row.currency, a_month,
            paid, "yes" if row.writable else "no",
        )  # fmt: skip


def how_many(session: Session, asked: Asked) -> int:
    """How many rows `people` has."""
    return session.execute(select(func.count()).select_from(_each(asked).subquery())).scalar_one()


def _told(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def lapsed(session: Session, asked: Asked) -> list[Part]:
    """By why it ended, by tier, and month by month."""
    found = gone(session, asked)
    codes = sorted({one.currency for one in found}, key=lambda code: (code != asked.own, code))
    tiers = list(dict.fromkeys(one.tier for one in found))
    parts = [_whys(found, codes), _tiers(found, codes, tiers), _months(asked, found, codes)]
    return snapshots.dated(session, "lapsed", asked, parts)


def _sums(found: list[Gone], code: str, which: Callable[[Gone], bool]) -> tuple[Any, ...] | None:
    mine = [one for one in found if one.currency == code and which(one)]
    if not mine:
        return None
    number, writable = sum(one.people for one in mine), sum(one.writable for one in mine)
    yearly, paid = sum(one.yearly for one in mine), sum(one.paid for one in mine)
    return number, writable, Money(monthly(yearly), code), Money(paid, code)


def _figures() -> tuple[Heading, ...]:
    return (
        Heading("people", gettext("People"), "people"),
        Heading("writable", gettext("May be written to"), "people"),
        Heading("mrr", gettext("Gave a month"), "money"),
        Heading("paid", gettext("Paid altogether"), "money"),
    )


def _why(kind: str, reason: str) -> str:
    if kind == "lost":
        return gettext("Payments failed")
    return gettext("By choice: %(reason)s", reason=why_words(reason))


def _whys(found: list[Gone], codes: list[str]) -> Part:
    rows: list[tuple[Any, ...]] = []
    whys = [("lost", ""), *(("left", reason) for reason in REASONS)]
    for code in codes:
        for kind, reason in whys:
            if sums := _sums(found, code, lambda one, why=(kind, reason): (one.kind, one.reason) == why):  # type: ignore[misc]
                rows.append((code, _why(kind, reason), "chosen" if kind == "left" else "failed", reason, *sums))
    return Part(
        "whys",
        gettext("Why it ended"),
        gettext(
            "People whose membership ended in these months and who are no patrons now: who came back, has another"
            " membership, a gift or a seat is not among them, and who was erased is not known any more. Each stands here"
            " once, with the membership that ended last. By choice: it was cancelled, for the reason they named. May be"
            " written to: they have not refused letters that ask for support, and letters reach them. Paid altogether:"
            " everything they ever paid in that currency, less what went back."
        ),
        (
            Heading("currency", gettext("Currency"), "text"),
            Heading("words", gettext("Why"), "text", only="page"),
            Heading("why", "", "text", only="file"),
            Heading("reason", "", "text", only="file"),
            *_figures(),
        ),
        tuple(rows),
        lambda: _drawn(found),
    )


def _drawn(found: list[Gone]) -> list[Drawing]:
    counts: dict[tuple[str, str], int] = {}
    for one in found:
        counts[one.kind, one.reason] = counts.get((one.kind, one.reason), 0) + one.people
    points = [(_why(*key), number, str(number), key[0] == "lost") for key, number in sorted(counts.items(), key=_most)]
    told = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
    title = gettext("People whose membership ended, by why")
    return [Drawing("whys", title, told, rows=tuple(lying(points)), height=len(points) * ROW)]


def _most(pair: tuple[tuple[str, str], int]) -> tuple[Any, ...]:
    return (-pair[1], pair[0])


def _tiers(found: list[Gone], codes: list[str], tiers: list[str]) -> Part:
    rows: list[tuple[Any, ...]] = []
    for code in codes:
        for tier in tiers:
            if sums := _sums(found, code, lambda one, tier=tier: one.tier == tier):  # type: ignore[misc]
                rows.append((tier, code, *sums))
    return Part(
        "tiers",
        gettext("By membership"),
        gettext("The same people by the membership that they had at the end."),
        (
            Heading("tier", gettext("Membership"), "text"),
            Heading("currency", gettext("Currency"), "text"),
            *_figures(),
        ),
        tuple(rows),
    )


def _months(asked: Asked, found: list[Gone], codes: list[str]) -> Part:
    rows: list[tuple[Any, ...]] = []
    for month in months(asked.since, asked.until):
        for code in codes:
            if sums := _sums(found, code, lambda one, month=month: one.month == month):  # type: ignore[misc]
                mine = [one for one in found if (one.month, one.currency) == (month, code)]
                chosen = sum(one.people for one in mine if one.kind == "left")
                rows.append((month, code, chosen, sums[0] - chosen, *sums))
    return Part(
        "months",
        gettext("Month by month"),
        gettext("By the month in which the membership ended."),
        (
            Heading("month", gettext("Month"), "month"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("chosen", gettext("By choice"), "people"),
            Heading("failed", gettext("Payments failed"), "people"),
            *_figures(),
        ),
        tuple(rows),
        lambda: _months_drawn(asked, found),
    )


def _months_drawn(asked: Asked, found: list[Gone]) -> list[Drawing]:
    told = [
        (month, sum(one.people for one in found if one.month == month)) for month in months(asked.since, asked.until)
    ]
    points = [(month_words(month, "LLL"), number, str(number)) for month, number in told]
    desc = ", ".join(f"{month_words(month)}: {number}" for month, number in told)
    return [Drawing("gone", gettext("People whose membership ended, by month"), desc, columns=tuple(columns(points)))]

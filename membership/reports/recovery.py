"""The report `recovery`: payments that failed, and what each step of the letters brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from membership.dunning.models import UnpaidInvoice
from membership.dunning.rules import REMINDERS, Reason
from membership.giving.touch_models import CheckoutTouch
from membership.memberships.models import Membership
from membership.money import Money
from membership.reports import snapshots
from membership.reports.charts import ROW, columns
from membership.reports.charts import rows as lying
from membership.reports.churn import rate
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.money_models import RecoveryMonth
from membership.reports.pictures import failure_words, how_words, month_words, percent, state_words, step_words
from membership.reports.rules import months
from membership.reports.within import month_of_column, of_memberships, source_column, within
from membership.web.locale import money

STATES = ("recovered", "open", "given_up")
STEPS = ("first", *REMINDERS, "expiring", "account")
"""After which letter a payment came: the first, a reminder, the notice of an expiring card; `account`: by oneself."""


@dataclass(frozen=True)
class Failed:
    """So many invoices of so much whose first try failed in a month, by what became of them. `step` and `how` (`new_card`,
    `retry`, `page`) are told of those that came back."""

    month: str
    currency: str
    state: str
    reason: str
    step: str
    how: str
    payments: int
    amount: int


def failures(session: Session, asked: Asked) -> list[Failed]:
    """By the month of the first failure: from the last snapshot, if there is one, or as it is now."""
    names = ("month", "currency", "state", "reason", "step", "how")
    if snapshots.made_at(session, "recovery", asked.zone):
        table = RecoveryMonth
        keys = [getattr(table, name) for name in names]
        sums = (func.sum(table.payments), func.sum(table.amount))
        statement = select(*keys, *sums).where(*snapshots.of(table, asked)).group_by(*keys)
    else:
        each = _each(asked).subquery()
        keys = [each.c[name] for name in names]
        statement = select(*keys, func.count(), func.sum(each.c.amount)).group_by(*keys)
    return [Failed(*row[:6], int(row[6]), int(row[7])) for row in session.execute(statement).all()]


def snapshot(session: Session, asked: Asked) -> list[dict[str, Any]]:
    """The rows of `RecoveryMonth` as it is now."""
    each = _each(asked).subquery()
    keys = [each.c[name] for name in snapshots.keys(RecoveryMonth)]
    statement = select(*keys, func.count().label("payments"), func.sum(each.c.amount).label("amount")).group_by(*keys)
    return [dict(row) | {"amount": int(row["amount"])} for row in session.execute(statement).mappings()]


def _each(asked: Asked) -> Select[*tuple[Any, ...]]:
    invoice = UnpaidInvoice
    return (
        select(
            month_of_column(invoice.first_failed_at, asked).label("month"), invoice.currency, invoice.state,
            invoice.reason, func.coalesce(invoice.recovered_step, "first").label("step"),
            func.coalesce(invoice.recovered_by, "").label("how"), invoice.amount, Membership.tier_id,
            source_column().label("source"),
        )
        .join(Membership, Membership.id == invoice.membership_id)
        .outerjoin(CheckoutTouch, CheckoutTouch.checkout_id == Membership.checkout_id)
        .where(*within(invoice.first_failed_at, asked), *of_memberships(asked, invoice.currency))
    )  # fmt: skip


def recovery(session: Session, asked: Asked) -> list[Part]:
    """What each step brought back, then why payments failed, then month by month."""
    found = failures(session, asked)
    codes = sorted({one.currency for one in found}, key=lambda code: (code != asked.own, code))
    parts = [_steps(found, codes), _reasons(found, codes), _states(found, codes), _months(asked, found, codes)]
    return snapshots.dated(session, "recovery", asked, parts)


def _sum(lines: Iterable[Failed], code: str) -> tuple[int, Money]:
    mine = [one for one in lines if one.currency == code]
    return sum(one.payments for one in mine), Money(sum(one.amount for one in mine), code)


def _back(lines: Iterable[Failed]) -> list[Failed]:
    return [one for one in lines if one.state == "recovered"]


def _steps(found: list[Failed], codes: list[str]) -> Part:
    rows: list[tuple[Any, ...]] = []
    for code in codes:
        failed = _sum(found, code)[1].minor
        for step in STEPS:
            mine = [one for one in _back(found) if (one.currency, one.step) == (code, step)]
            for how in sorted({one.how for one in mine}):
                number, sum_ = _sum([one for one in mine if one.how == how], code)
                share = rate(sum_.minor, failed)
                rows.append((code, step_words(step), step, how_words(how), how, number, sum_, share))
        number, sum_ = _sum(_back(found), code)
        rows.append((code, gettext("All of them"), "all", "", "", number, sum_, rate(sum_.minor, failed)))
    return Part(
        "steps",
        gettext("What each step brought back"),
        gettext(
            "Renewals whose first try failed in these months. A payment counts for the last letter that was sent before it"
            " came; where another card was entered through a letter's link, for that letter. That it came after a letter does"
            " not prove that it came because of it: what the processor collected by itself at its next try is told apart, in"
            " the second colour. The share is of all money that failed in that currency."
        ),
        (
            Heading("currency", gettext("Currency"), "text"),
            Heading("after", gettext("After"), "text", only="page"),
            Heading("step", "", "text", only="file"),
            Heading("by", gettext("By"), "text", only="page"),
            Heading("how", "", "text", only="file"),
            Heading("payments", gettext("Payments"), "people"),
            Heading("amount", gettext("Amount"), "money"),
            Heading("share", gettext("Share"), "rate"),
        ),
        tuple(rows),
        lambda: [drawn for code in codes if (drawn := _drawn(code, rows))],
    )


def _drawn(code: str, rows: list[tuple[Any, ...]]) -> Drawing | None:
    mine = [row for row in rows if row[0] == code and row[2] != "all"]
    points = [(f"{row[1]}: {row[3]}", row[6].minor, money(row[6]), row[4] == "retry") for row in mine]
    if not points:
        return None
    told = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
    title = gettext("What came back after each step, in %(currency)s", currency=code)
    return Drawing(f"steps-{code.lower()}", title, told, rows=tuple(lying(points)), height=len(points) * ROW)


def _reasons(found: list[Failed], codes: list[str]) -> Part:
    return _by(
        "reasons", gettext("Why they failed"),
        gettext("The reason that the bank told at the first try, and what of that money came back."), found, codes,
        tuple(map(str, Reason)), lambda one: one.reason, failure_words, Heading("reason", gettext("Reason"), "text"),
    )  # fmt: skip


def _states(found: list[Failed], codes: list[str]) -> Part:
    return _by(
        "states", gettext("What became of them"),
        gettext(
            "Came back: it was paid after all. Still open: letters go on being sent. Given up: the invoice was written off,"
            " or its membership ended."
        ),
        found, codes, STATES, lambda one: one.state, state_words, Heading("state", gettext("State"), "text"),
    )  # fmt: skip


def _by(
    name: str, title: str, how: str, found: list[Failed], codes: list[str], order: tuple[str, ...],
    key: Callable[[Failed], str], words: Callable[[str], str], heading: Heading,
) -> Part:  # fmt: skip
    rows = []
    for code in codes:
        for item in order:
            mine = [one for one in found if one.currency == code and key(one) == item]
            if mine:
                rows.append((code, words(item), item, *_kept(mine, code)))
    return Part(
        name, title, how,
        (
            Heading("currency", gettext("Currency"), "text"),
            Heading("words", heading.words, "text", only="page"),
            Heading(heading.key, "", "text", only="file"),
            *_figures(),
        ),
        tuple(rows),
    )  # fmt: skip


def _kept(lines: list[Failed], code: str) -> tuple[Any, ...]:
    failed, back = _sum(lines, code), _sum(_back(lines), code)
    return (*failed, *back, rate(back[1].minor, failed[1].minor))


def _figures() -> tuple[Heading, ...]:
    return (
        Heading("failed", gettext("Failed"), "people"),
        Heading("amount", gettext("Amount"), "money"),
        Heading("came_back", gettext("Came back"), "people"),
        Heading("amount_back", gettext("Amount that came back"), "money"),
        Heading("share", gettext("Share"), "rate"),
    )


def _months(asked: Asked, found: list[Failed], codes: list[str]) -> Part:
    rows: list[tuple[Any, ...]] = []
    for month in months(asked.since, asked.until):
        for code in codes:
            mine = [one for one in found if (one.month, one.currency) == (month, code)]
            if mine:
                rows.append((month, code, *_kept(mine, code)))
    return Part(
        "months",
        gettext("Month by month"),
        gettext("By the month of the first failure. What failed lately may still come back: the last months are not final."),
        (Heading("month", gettext("Month"), "month"), Heading("currency", gettext("Currency"), "text"), *_figures()),
        tuple(rows),
        lambda: [_months_drawn(asked, code, rows) for code in codes],
    )


def _months_drawn(asked: Asked, code: str, rows: list[tuple[Any, ...]]) -> Drawing:
    shares = {row[0]: row[6] for row in rows if row[1] == code}
    told = [(month, shares.get(month)) for month in months(asked.since, asked.until)]
    points = [
        (month_words(month, "LLL"), round((share or 0) * 10_000), percent(share) if share is not None else "–")
        for month, share in told
    ]
    desc = ", ".join(f"{month_words(month)}: {percent(share)}" for month, share in told if share is not None)
    title = gettext("Share of failed money that came back, in %(currency)s", currency=code)
    return Drawing(f"back-{code.lower()}", title, desc, columns=tuple(columns(points)))

"""The report `revenue`: what came in, what it cost, what went back, from the ledger, to the minor unit."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from membership.money import Money
from membership.reports.charts import columns
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.pictures import month_words
from membership.reports.rolling_money import booked
from membership.reports.rules import months
from membership.web.locale import money

WHERE = {"gross": 0, "fee": 1, "refund": 2, "refund_returned": 2, "dispute": 3, "other": 4}
"""Into which column a ledger line goes. Payouts are our own money on its way to the bank: neither income nor cost."""
Key = tuple[str, str, str, str]


def revenue(session: Session, asked: Asked) -> list[Part]:
    """By month and currency, then by kind of payment and method."""
    found = _sums(session, asked)
    by_month: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 6)
    by_kind: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * 6)
    for (month, code, kind, method), values in found.items():
        for sums in (by_month[month, code], by_kind[code, kind, method]):
            for place, value in enumerate(values):
                sums[place] += value
    monthly = tuple((month, code, *_row(values, code)) for (month, code), values in sorted(by_month.items()))
    kinds = tuple(
        (code, kind_words(kind), kind, method, *_row(values, code))
        for (code, kind, method), values in sorted(by_kind.items(), key=lambda one: (one[0][0] != asked.own, one[0]))
    )
    return [_months(asked, monthly), _kinds(kinds)]


def _row(values: list[int], code: str) -> tuple[Any, ...]:
    number, *sums = values
    return (number, *(Money(one, code) for one in (*sums, sum(sums))))


def _sums(session: Session, asked: Asked) -> dict[Key, list[int]]:
    """Payments counted and the five columns by month, currency, kind and method."""
    found: dict[Key, list[int]] = defaultdict(lambda: [0] * 6)
    for one in booked(session, asked):
        values = found[one.month, one.currency, one.paid_for, one.method]
        values[0] += one.number if one.kind == "gross" else 0
        values[1 + WHERE[one.kind]] += one.amount
    return found


def kind_words(kind: str) -> str:
    """What a payment was for."""
    return {
        "membership": gettext("Memberships"),
        "donation": gettext("One-time gifts"),
        "gift": gettext("Memberships given away"),
        "": gettext("Not of one payment"),
    }[kind]


def _columns() -> tuple[Heading, ...]:
    return (
        Heading("payments", gettext("Payments"), "people"),
        Heading("gross", gettext("Gross"), "money"),
        Heading("fees", gettext("Fees"), "money"),
        Heading("refunds", gettext("Refunds"), "money"),
        Heading("disputes", gettext("Disputes"), "money"),
        Heading("other", gettext("Other"), "money"),
        Heading("net", gettext("Net"), "money"),
    )


def _months(asked: Asked, rows: tuple[tuple[Any, ...], ...]) -> Part:
    return Part(
        "months",
        gettext("Month by month"),
        gettext(
            "From the ledger, in the currency in which the processor settled, on the day on which it did. Gross is what"
            " readers paid, fees what the processor kept, refunds and disputes what went back (less what came back of it"
            " again). Net is the sum of all of it. Gifts by other ways stand in it as your team recorded them."
        ),
        (Heading("month", gettext("Month"), "month"), Heading("currency", gettext("Currency"), "text"), *_columns()),
        rows,
        lambda: _drawn(asked, rows),
    )


def _drawn(asked: Asked, rows: tuple[tuple[Any, ...], ...]) -> list[Drawing]:
    drawn = []
    for code in sorted({row[1] for row in rows}, key=lambda code: (code != asked.own, code)):
        net = {row[0]: row[-1] for row in rows if row[1] == code}
        told = [(month, net.get(month, Money(0, code))) for month in months(asked.since, asked.until)]
        points = [(month_words(month, "LLL"), max(one.minor, 0), money(one)) for month, one in told]
        desc = ", ".join(f"{month_words(month)}: {money(one)}" for month, one in told)
        title = gettext("Net revenue by month in %(currency)s", currency=code)
        drawn.append(Drawing(f"net-{code.lower()}", title, desc, columns=tuple(columns(points))))
    return drawn


def _kinds(rows: tuple[tuple[Any, ...], ...]) -> Part:
    return Part(
        "kinds",
        gettext("By what it was for, and how it was paid"),
        gettext("The same sums over the whole period. What belongs to no single payment stands by itself."),
        (
            Heading("currency", gettext("Currency"), "text"),
            Heading("words", gettext("For"), "text", only="page"),
            Heading("kind", "", "text", only="file"),
            Heading("method", gettext("Method"), "text"),
            *_columns(),
        ),
        rows,
    )

"""The report `movements`: what was new, what left, and how the recurring money came from there to here. As a waterfall."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy.orm import Session

from membership.money import Money, currency
from membership.newsroom.rates import rates_on
from membership.reports.charts import ROW, waterfall
from membership.reports.flow import Flow, flows, over
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.pictures import kind_words, month_words
from membership.reports.rules import KINDS, begin_of, converted, month_later, steps_of
from membership.web.locale import money


def movements(session: Session, asked: Asked) -> list[Part]:
    """The period as a whole, then each month, then (with several currencies) the whole in the newsroom's own."""
    found = flows(session, asked)
    codes = list(next(iter(found.values())))
    made = [whole(asked, [over(found, code) for code in codes]), _by_month(asked, found)]
    return made + ([_in_own(session, asked, found)] if set(codes) - {asked.own} and asked.currency is None else [])


def kinds_of(asked: Asked) -> list[str]:
    """The kinds that are told: a change of tier is one only for somebody who looks at one tier."""
    return [kind for kind in KINDS if kind != "switched" or asked.tier is not None]


def _steps(flow: Flow, kinds: list[str]) -> list[Money]:
    return [Money(minor, flow.currency) for minor in steps_of(flow.yearly, [flow.yearly_by[kind] for kind in kinds])]


def steps_drawn(flow: Flow, kinds: list[str], since: str, until: str) -> Drawing:
    """One currency's waterfall."""
    labels = [gettext("At the beginning"), *map(kind_words, kinds), gettext("At the end")]
    points = [(label, one.minor, money(one)) for label, one in zip(labels, _steps(flow, kinds), strict=True)]
    title = gettext(
        "Recurring revenue a month in %(currency)s, %(since)s to %(until)s",
        currency=flow.currency, since=month_words(since), until=month_words(until),
    ) if since != until else gettext(
        "Recurring revenue a month in %(currency)s, %(month)s", currency=flow.currency, month=month_words(since)
    )  # fmt: skip
    told = ", ".join(f"{label}: {words}" for label, _, words in points)
    return Drawing(f"flow-{flow.currency.lower()}", title, told, rows=tuple(waterfall(points)), height=len(points) * ROW)


def whole(asked: Asked, wholes: list[Flow], *, still: bool = True) -> Part:
    """The period as one step, each currency with its waterfall; without kinds of which nothing happened, unless `still`."""
    rows, told = list[tuple[Any, ...]](), dict[str, list[str]]()
    for flow in wholes:
        kinds = [kind for kind in kinds_of(asked) if still or flow.number[kind]]
        told[flow.currency] = kinds
        names = ["opening", *kinds, "closing"]
        numbers = [flow.paying, *(flow.number[kind] for kind in kinds), flow.closing_paying]
        years = [flow.yearly, *(flow.yearly_by[kind] for kind in kinds), flow.closing]
        words = [gettext("At the beginning"), *map(kind_words, kinds), gettext("At the end")]
        for one in zip(words, names, numbers, _steps(flow, kinds), years, strict=True):
            rows.append((flow.currency, *one))
    return Part(
        "whole",
        gettext("From the beginning to the end"),
        gettext(
            "Each membership counts with what it pays in a year, divided by twelve; after discounts, without one-time gifts."
            " It is new with its first payment; one of somebody who was a patron before came back. A pause takes its money"
            " away and is neither churn nor growth. Each step is the difference of two rounded sums, so that they add up"
            " to the cent. Memberships that were given (gifts, complimentary ones, time paid for elsewhere) bring no"
            " recurring money and are not counted here."
        ),
        (
            Heading("currency", gettext("Currency"), "text"),
            Heading("words", gettext("What"), "text", only="page"),
            Heading("item", "", "text", only="file"),
            Heading("memberships", gettext("Memberships"), "people"),
            Heading("mrr", gettext("A month"), "money"),
            Heading("yearly", "", "count", only="file"),
        ),
        tuple(rows),
        lambda: [steps_drawn(flow, told[flow.currency], asked.since, asked.until) for flow in wholes],
    )


def _by_month(asked: Asked, found: dict[str, dict[str, Flow]]) -> Part:
    kinds = kinds_of(asked)
    rows = tuple(
        (month, code, sum(flow.number.values()), *_steps(flow, kinds))
        for month, by_code in found.items()
        for code, flow in by_code.items()
    )
    return Part(
        "months",
        gettext("Month by month"),
        gettext("The same for each month. The running month is counted up to now."),
        (
            Heading("month", gettext("Month"), "month"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("moved", gettext("Movements"), "people"),
            Heading("opening", gettext("At the beginning"), "money"),
            *(Heading(kind, kind_words(kind), "money") for kind in kinds),
            Heading("closing", gettext("At the end"), "money"),
        ),
        rows,
    )


def _in_own(session: Session, asked: Asked, found: dict[str, dict[str, Flow]]) -> Part:
    rows = []
    for month, by_code in found.items():
        sums = {code: flow.closing for code, flow in by_code.items() if flow.closing}
        total, missing = in_own(session, asked, month, sums)
        rows.append((month, sum(flow.closing_paying for flow in by_code.values()), total, ", ".join(missing)))
    return Part(
        "own",
        gettext("All of it in %(currency)s", currency=asked.own),
        gettext(
            "The recurring revenue at the end of each month, at the rate of the month's last day (the running one: of today)"
            " as your team entered it. Where a day has no rate, the last one before it holds; where there is none at all,"
            " nothing is converted and the currency is named. It is added up first and rounded once."
        ),
        (
            Heading("month", gettext("Month"), "month"),
            Heading("memberships", gettext("Memberships"), "people"),
            Heading("mrr", gettext("A month"), "money"),
            Heading("missing", gettext("Without a rate"), "text"),
        ),
        tuple(rows),
    )


def in_own(session: Session, asked: Asked, month: str, sums: dict[str, int]) -> tuple[Money | None, list[str]]:
    """Yearly sums by currency as one monthly sum in the newsroom's own, at the end of a month; or the currencies that have
    no rate."""
    last = min(begin_of(month_later(month, 1), asked.zone) - timedelta(seconds=1), asked.at)
    rates = rates_on(session, asked.own, last.astimezone(ZoneInfo(asked.zone)).date())
    missing = sorted(set(sums) - set(rates))
    if missing:
        return None, missing
    decimals = {code: currency(code).decimals for code in {*sums, asked.own}}
    return Money(converted(sums, rates, decimals, asked.own), asked.own), []

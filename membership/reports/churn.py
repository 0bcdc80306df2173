"""The report `churn`: who left and how much money with them, by choice and by failed payments apart."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from membership.money import Money
from membership.reports.charts import columns
from membership.reports.flow import Flow, flows
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.pictures import month_words, percent
from membership.reports.rules import monthly


def churn(session: Session, asked: Asked) -> list[Part]:
    """Of memberships, then of money."""
    found = flows(session, asked)
    return [_of_members(found), _of_money(found)]


def rate(part: int, whole: int) -> Fraction | None:
    """A share; none of nothing."""
    return Fraction(part, whole) if whole > 0 else None


def _of_members(found: dict[str, dict[str, Flow]]) -> Part:
    counts: list[tuple[str, int, int, int]] = []
    for month, by_code in found.items():
        every = list(by_code.values())
        start = sum(flow.members for flow in every)
        left, lost = (sum(flow.number[kind] for flow in every) for kind in ("left", "lost"))
        counts.append((month, start, left, lost))
    rows: list[tuple[Any, ...]] = [(*one, *_rates(one[2], one[3], one[1])) for one in counts]
    starts, lefts, losts = (sum(column) for column in list(zip(*counts, strict=True))[1:])  # type: ignore[arg-type]
    rows.append(("all", starts, lefts, losts, *_rates(lefts, losts, starts)))
    return Part(
        "members",
        gettext("Memberships that ended"),
        gettext(
            "Those that ended in a month, as a share of those that there were at its beginning; who pauses is still a member,"
            " and a membership that ends out of a pause counts in the month in which it ends. By choice: it was cancelled."
            " Involuntary: it ended because payments failed. The last line is the average: all that ended, over the sum of"
            " all beginnings."
        ),
        (
            Heading("month", gettext("Month"), "month"),
            Heading("start", gettext("At the beginning"), "people"),
            Heading("left", gettext("Left by choice"), "people"),
            Heading("lost", gettext("Lost to failed payments"), "people"),
            Heading("chosen", gettext("By choice"), "rate"),
            Heading("involuntary", gettext("Involuntary"), "rate"),
            Heading("churn", gettext("Together"), "rate"),
        ),
        tuple(rows),
        lambda: _drawn(rows[:-1]),
    )


def _rates(left: int, lost: int, start: int) -> tuple[Fraction | None, ...]:
    return rate(left, start), rate(lost, start), rate(left + lost, start)


def _drawn(rows: Sequence[tuple[Any, ...]]) -> list[Drawing]:
    told = [(row[0], row[6] or Fraction()) for row in rows]
    if not any(value for _, value in told):
        return []
    points = [(month_words(month, "LLL"), round(value * 10_000), percent(value)) for month, value in told]
    desc = ", ".join(f"{month_words(month)}: {percent(value)}" for month, value in told)
    return [Drawing("churn", gettext("Share of memberships that ended, by month"), desc, columns=tuple(columns(points)))]


def _of_money(found: dict[str, dict[str, Flow]]) -> Part:
    rows = []
    for month, by_code in found.items():
        for code, flow in by_code.items():
            left, lost, lowered, raised = (flow.yearly_by[kind] for kind in ("left", "lost", "lowered", "raised"))
            opening, gone = flow.yearly, left + lost + lowered
            rows.append(
                (month, code, flow.paying, *(Money(monthly(one), code) for one in (opening, left, lost, lowered, raised)),
                 rate(-left, opening), rate(-lost, opening), rate(opening + gone, opening),
                 rate(opening + gone + raised, opening))
            )  # fmt: skip
    return Part(
        "money",
        gettext("Recurring money that went"),
        gettext(
            "What memberships that ended took away, and what others give less, as a share of the recurring revenue at the"
            " month's beginning. Kept: what is left of it without any gains; kept with raises: and what those who stayed give"
            " more. New and returning patrons and pauses are in neither."
        ),
        (
            Heading("month", gettext("Month"), "month"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("memberships", gettext("Memberships"), "people"),
            Heading("opening", gettext("At the beginning"), "money"),
            Heading("left", gettext("Left by choice"), "money"),
            Heading("lost", gettext("Lost to failed payments"), "money"),
            Heading("lowered", gettext("Give less"), "money"),
            Heading("raised", gettext("Give more"), "money"),
            Heading("chosen", gettext("By choice"), "rate"),
            Heading("involuntary", gettext("Involuntary"), "rate"),
            Heading("kept", gettext("Kept"), "rate"),
            Heading("kept_with_raises", gettext("Kept, with raises"), "rate"),
        ),
        tuple(rows),
    )

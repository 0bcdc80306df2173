"""The report `cohorts`: of those who joined in a month, how many are still members so many months later, and their money."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from membership.reports.charts import FIELD, heat
from membership.reports.churn import rate
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.lines import Line
from membership.reports.pictures import month_words
from membership.reports.rolling import cohort_lines
from membership.reports.rules import months


def cohorts(session: Session, asked: Asked) -> list[Part]:
    """Memberships kept, then money kept, of the cohorts of the months that were asked for."""
    lines = cohort_lines(session, asked.zone, asked.wanted)
    wide = len(months(asked.since, asked.until))
    return [_members(asked, lines, wide), _money(asked, lines, wide)]


def _ends(lines: list[Line], asked: Asked, cohort: str, wide: int) -> list[tuple[int, int, int] | None]:
    """Entered so far, members and yearly money at the end of each month from the cohort's own on; None to come."""
    by_month: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_month[line.month].append(line)
    entered = members = yearly = 0
    ends: list[tuple[int, int, int] | None] = []
    for month in months(cohort, asked.until):
        entered += sum(line.number for line in by_month[month])
        members += sum(line.members for line in by_month[month])
        yearly += sum(line.yearly for line in by_month[month])
        ends.append((entered, members, yearly) if entered else None)
    return ends + [None] * (wide - len(ends))


def _members(asked: Asked, lines: list[Line], wide: int) -> Part:
    rows: list[tuple[Any, ...]] = []
    for cohort in months(asked.since, asked.until):
        ends = _ends([line for line in lines if line.cohort == cohort], asked, cohort, wide)
        size = max((one[0] for one in ends if one), default=0)
        last = next((one[1] for one in reversed(ends) if one), 0)
        if size:
            rows.append((cohort, size, last, *(rate(one[1], one[0]) if one else None for one in ends)))
    return Part(
        "members",
        gettext("Still members"),
        gettext(
            "By the month in which somebody first joined: which share of these memberships there still is at the end of that"
            " month (0), one month later (1), and so on; who pauses is still one, and who comes back counts again with their"
            " first month. Who was brought along from another system stands in the month in which the pledge began there, and"
            " counts from the month of coming here: those who had left before are not in it."
        ),
        (
            Heading("cohort", gettext("Joined in"), "month"),
            Heading("joined", gettext("Joined"), "people"),
            Heading("members", gettext("Members now"), "people"),
            *(Heading(f"m{place}", str(place), "rate") for place in range(wide)),
        ),
        tuple(rows),
        lambda: _drawn(rows),
    )


def _drawn(rows: list[tuple[Any, ...]]) -> list[Drawing]:
    if not rows:
        return []
    shades = [(month_words(row[0], "LLL yy"), [_shade(one) for one in row[3:]]) for row in rows]
    desc = gettext(
        "Each line is a month of joining, each field a month later; the darker, the more are still members. The table tells"
        " each figure."
    )
    title = gettext("Still members, by month of joining")
    return [Drawing("cohorts", title, desc, squares=tuple(heat(shades)), height=len(rows) * FIELD + 6)]


def _shade(share: Fraction | None) -> int | None:
    return None if share is None else min(10, max(0, round(share * 10)))


def _money(asked: Asked, lines: list[Line], wide: int) -> Part:
    rows: list[tuple[Any, ...]] = []
    codes = sorted({line.currency for line in lines}, key=lambda code: (code != asked.own, code))
    for code in codes:
        for cohort in months(asked.since, asked.until):
            mine = [line for line in lines if (line.cohort, line.currency) == (cohort, code)]
            ends = _ends(mine, asked, cohort, wide)
            began = next((one for one in ends if one), None)
            if began:
                kept = (rate(one[2], began[2]) if one else None for one in ends)
                rows.append((cohort, code, max(one[0] for one in ends if one), *kept))
    return Part(
        "money",
        gettext("Their money"),
        gettext(
            "The recurring revenue of the same memberships, as a share of what it was at the end of their first month here."
            " It can grow beyond all of it: some give more later, and some come back."
        ),
        (
            Heading("cohort", gettext("Joined in"), "month"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("joined", gettext("Joined"), "people"),
            *(Heading(f"m{place}", str(place), "rate") for place in range(wide)),
        ),
        tuple(rows),
    )

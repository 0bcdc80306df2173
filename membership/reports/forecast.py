"""The report `forecast`: the next twelve months of recurring revenue, from how long memberships last and how many come, with
how sure that is; and how well the same reckoning would have done a year ago."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from membership.money import Money
from membership.reports.charts import ranged_columns
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.lifetime import kept_of, kept_shares, last_whole, rounded
from membership.reports.lines import Line, SpellLine
from membership.reports.pictures import month_words
from membership.reports.rolling import movement_lines, spell_lines
from membership.reports.rules import month_later
from membership.reports.survival import Expected, expected
from membership.web.locale import money

AHEAD = 12
OTHERS = ("raised", "lowered", "paused", "resumed")


def forecast(session: Session, asked: Asked) -> list[Part]:
    """The months to come, and the months that have come since the same was reckoned a year before."""
    last = last_whole(asked)
    lines = spell_lines(session, asked.zone, asked.wanted, "source", min(asked.since, month_later(last, 1 - 2 * AHEAD)))
    moved = movement_lines(session, asked.zone, asked.wanted)
    shares = kept_shares(session, asked)
    codes = sorted({line.currency for line in lines}, key=lambda code: (code != asked.own, code))
    rows: list[tuple[Any, ...]] = []
    past: list[tuple[Any, ...]] = []
    for code in codes:
        mine, others = [line for line in lines if line.currency == code], _others(moved, code)
        told = expected(mine, others, asked.since, last, AHEAD)
        rows += _rows(told, code, _members(mine, last), kept_of(shares, code, asked.own))
        past += _past(mine, others, last, code)
    return [_next(asked, last, codes, rows), _tested(past)]


def _members(lines: list[SpellLine], last: str) -> int:
    """How many memberships there were at the end of a month."""
    return sum(line.begun - line.chosen - line.failed for line in lines if line.month <= last)


def _others(moved: list[Line], code: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for line in moved:
        if line.currency == code and line.kind in OTHERS:
            found[line.month] += line.yearly
    return found


def _monthly(yearly: Decimal, code: str, kept: Fraction = Fraction(1)) -> Money:
    return Money(rounded(Fraction(yearly) * kept / 12), code)


def _rows(told: list[Expected], code: str, members: int, kept: Fraction) -> list[tuple[Any, ...]]:
    if not told:
        return []
    sums = [Decimal(0)] * 3
    rows: list[tuple[Any, ...]] = []
    for one in told:
        span = (one.money.low, one.money.middle, one.money.high)
        sums = [a + b for a, b in zip(sums, span, strict=True)]
        mrr = [_monthly(value, code) for value in span]
        net = [_monthly(value, code, kept) for value in span]
        rows.append((one.month, code, members, *mrr, _monthly(one.there, code), *net))
    return [*rows, ("all", code, members, None, None, None, None, *(_monthly(value, code, kept) for value in sums))]


def _next(asked: Asked, last: str, codes: list[str], rows: list[tuple[Any, ...]]) -> Part:
    return Part(
        "next",
        gettext("The next twelve months"),
        gettext(
            "From the end of %(last)s on. Those who are members leave as others of their age in months did in the period from"
            " %(since)s on; as many come as came in it on average, and the rest give more or less, pause and go on as they"
            " did. The range holds the recurring revenue in 95 of 100 cases if things go on like that: it adds up how much"
            " chance is in who leaves, how well the leaving is known, and how much the months differed in who came and in"
            " what the others did. A campaign, a new price or a crisis is in none of it. Net: less the share that fees,"
            " refunds and disputes took; the range of the sum is that of all months erring the same way, which is cautious."
            " Nothing is told before there are three whole months and five memberships to learn from.",
            last=month_words(last), since=month_words(asked.since),
        ),
        (
            Heading("month", gettext("Month"), "month"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("members", gettext("Members now"), "people"),
            Heading("low", gettext("At least"), "money"),
            Heading("mrr", gettext("Expected"), "money"),
            Heading("high", gettext("At most"), "money"),
            Heading("there", gettext("Of it from those who are members now"), "money"),
            Heading("net_low", gettext("Net, at least"), "money"),
            Heading("net", gettext("Net, expected"), "money"),
            Heading("net_high", gettext("Net, at most"), "money"),
        ),
        tuple(rows),
        lambda: [drawn for code in codes if (drawn := _drawn(code, rows))],
    )  # fmt: skip


def _drawn(code: str, rows: list[tuple[Any, ...]]) -> Drawing | None:
    mine = [row for row in rows if row[1] == code and row[0] != "all"]
    if not mine:
        return None
    points = [
        (month_words(row[0], "LLL"), (row[3].minor, row[4].minor, row[5].minor), money(row[4])) for row in mine
    ]
    desc = gettext(
        "%(mrr)s a month expected in %(month)s; between %(low)s and %(high)s.",
        mrr=money(mine[-1][4]), month=month_words(mine[-1][0]), low=money(mine[-1][3]), high=money(mine[-1][5]),
    )  # fmt: skip
    title = gettext("Recurring revenue expected at the end of each month, and its range, in %(currency)s", currency=code)
    return Drawing(f"next-{code.lower()}", title, desc, columns=tuple(ranged_columns(points)))


def _past(lines: list[SpellLine], others: dict[str, int], last: str, code: str) -> list[tuple[Any, ...]]:
    """What the same reckoning would have told a year ago, from the year before, beside what came."""
    then = month_later(last, -AHEAD)
    since = month_later(then, 1 - AHEAD)
    first = min((line.began for line in lines), default=last)
    told = expected(lines, others, max(since, first), then, AHEAD) if max(since, first) <= then else []
    rows: list[tuple[Any, ...]] = []
    for one in told:
        came = sum(line.yearly for line in lines if line.month <= one.month)
        held = one.money.low <= came <= one.money.high
        span = (_monthly(value, code) for value in (one.money.low, one.money.middle, one.money.high))
        was, words = _monthly(Decimal(came), code), gettext("yes") if held else gettext("no")
        rows.append((one.month, code, _members(lines, then), *span, was, words, int(held)))
    return rows


def _tested(rows: list[tuple[Any, ...]]) -> Part:
    held = sum(row[-1] for row in rows)
    return Part(
        "tested",
        gettext("The same, reckoned a year ago"),
        gettext(
            "What this report would have told a year before, from the year before that, beside what the recurring revenue"
            " then was: %(held)s of %(number)s months were within the range.",
            held=held, number=len(rows),
        ),
        (
            Heading("month", gettext("Month"), "month"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("members", gettext("Members then"), "people"),
            Heading("low", gettext("At least"), "money"),
            Heading("mrr", gettext("Expected"), "money"),
            Heading("high", gettext("At most"), "money"),
            Heading("came", gettext("Was"), "money"),
            Heading("words", gettext("Within"), "text", only="page"),
            Heading("within", "", "count", only="file"),
        ),
        tuple(rows),
    )  # fmt: skip

"""The report `lifetime`: how long memberships last and what one brings in that time, by tier and by how they came, and how
sure that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.memberships.tiers import Tier
from membership.money import Money
from membership.reports.charts import ROW, columns, ranged_rows
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.lines import SOURCES, SpellLine, month_of
from membership.reports.pictures import percent, source_words
from membership.reports.rolling import spell_lines
from membership.reports.rolling_money import booked
from membership.reports.rules import month_later
from membership.reports.survival import Span, known, months_run, survival, watched
from membership.web.locale import money

YEAR = 12
STEP = 3


def last_whole(asked: Asked) -> str:
    """The last month of what was asked that is over."""
    now = month_of(asked.at, asked.zone)
    return asked.until if asked.until < now else month_later(now, -1)


def lifetime(session: Session, asked: Asked) -> list[Part]:
    """By tier, by how they came, and the curve of all of them."""
    by_tier = spell_lines(session, asked.zone, asked.wanted, "tier_id", asked.since)
    by_source = spell_lines(session, asked.zone, asked.wanted, "source", asked.since)
    shares = kept_shares(session, asked)
    tiers = session.execute(select(Tier.id, Tier.slug, Tier.name).order_by(Tier.position, Tier.id)).all()
    of_tiers = [(slug, name, [line for line in by_tier if line.tier_id == id]) for id, slug, name in tiers]
    of_sources = [
        (name, source_words(name), [line for line in by_source if line.source == name]) for name in SOURCES
    ]
    return [
        _part(
            "tiers", gettext("By membership"), _tier_words(), asked, of_tiers, shares,
            Heading("tier", gettext("Membership")),
        ),
        _part(
            "sources", gettext("By how they came"),
            gettext("The same by how a membership came: the first of these that is known of it."),
            asked, of_sources, shares, Heading("source", gettext("How they came")),
        ),
        _curve(asked, by_tier),
    ]  # fmt: skip


def _tier_words() -> str:
    return gettext(
        "From what happened in the whole months of this period: of the memberships that reached an age in months, how many"
        " ended at it. Multiplied up, this tells which share lasts how long (Kaplan and Meier's method), also for those that"
        " still run. Average months: at how many month's ends a membership is there on average, within the months that"
        " could be watched (five years at most, and no further than five memberships reach). A lifetime is these months"
        " times what one gave a month, a pause counting as nothing, less the share that fees, refunds and disputes took of"
        " membership payments in the period. The range (Greenwood's method) would hold the true figure in 95 of 100 such"
        " reports; it is about how long memberships last, not about what people will give, and is not"
        " told where none has ended yet. Who changes the membership"
        " later is counted where they began."
    )


def kept_shares(session: Session, asked: Asked) -> dict[str, Fraction]:
    """By currency of settlement: which share of what readers paid for memberships stayed after fees, refunds, disputes."""
    gross, net = defaultdict(int), defaultdict(int)  # type: ignore[var-annotated]
    for one in booked(session, replace(asked, currency=None)):
        if one.paid_for == "membership":
            net[one.currency] += one.amount
            gross[one.currency] += one.amount if one.kind == "gross" else 0
    return {code: max(Fraction(net[code], sum_), Fraction()) for code, sum_ in gross.items() if sum_ > 0}


def kept_of(shares: dict[str, Fraction], code: str, own: str) -> Fraction:
    """The share for money of a currency: of its own, of the newsroom's where none was settled in it, else all of it."""
    return shares.get(code, shares.get(own, Fraction(1)))


def rounded(value: Decimal | Fraction) -> int:
    """To the nearest minor unit; half a one upwards."""
    whole = Fraction(value) + Fraction(1, 2)
    return whole.numerator // whole.denominator


def share_of(value: Decimal) -> Fraction:
    """A share with six places."""
    return Fraction(round(value, 6))


def _part(
    name: str, title: str, how: str, asked: Asked, groups: Sequence[tuple[str, str, list[SpellLine]]],
    shares: dict[str, Fraction], heading: Heading,
) -> Part:  # fmt: skip
    rows = []
    for key, words, lines in groups:
        for code in sorted({line.currency for line in lines}, key=lambda code: (code != asked.own, code)):
            mine = [line for line in lines if line.currency == code]
            if row := _row(asked, mine, code, kept_of(shares, code, asked.own)):
                rows.append((words, key, code, *row))
    return Part(
        name, title, how,
        (
            Heading("words", heading.words, "text", only="page"),
            Heading(heading.key, "", "text", only="file"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("memberships", gettext("Memberships"), "people"),
            Heading("ended", gettext("Ended"), "people"),
            Heading("year", gettext("There after a year"), "rate"),
            Heading("year_low", gettext("at least"), "rate"),
            Heading("year_high", gettext("at most"), "rate"),
            Heading("watched", gettext("Months watched"), "count"),
            Heading("months", gettext("Average months"), "count"),
            Heading("net", gettext("Net a month"), "money"),
            Heading("lifetime", gettext("Lifetime"), "money"),
            Heading("low", gettext("at least"), "money"),
            Heading("high", gettext("at most"), "money"),
        ),
        tuple(rows),
        lambda: _drawn(name, title, rows),
    )  # fmt: skip


def _row(asked: Asked, lines: list[SpellLine], code: str, kept: Fraction) -> tuple[Any, ...] | None:
    seen = watched(lines, asked.since, last_whole(asked))
    if not seen.memberships:
        return None
    ages = known(seen.ages)
    net = seen.a_month() * kept
    year: Span | None = survival(ages)[YEAR] if len(ages) > YEAR else None
    ended = any(age.ended for age in ages)
    shares = _told(year, ended) if year else (None, None, None)
    if not ages:
        return (seen.memberships, seen.ended, *shares, 0, None, Money(rounded(net), code), None, None, None)
    run = months_run(ages)
    sums = [Money(rounded(Fraction(value) * net), code) for value in (run.middle, run.low, run.high)]
    known_range = sums[1:] if ended else [None, None]
    return (
        seen.memberships, seen.ended, *shares, len(ages), round(run.middle, 1), Money(rounded(net), code), sums[0],
        *known_range,
    )  # fmt: skip


def _told(span: Span, ended: bool) -> tuple[Fraction | None, ...]:
    """A share and its range, which nobody can tell before one has ended."""
    low, high = (share_of(span.low), share_of(span.high)) if ended else (None, None)
    return share_of(span.middle), low, high


def _drawn(name: str, title: str, rows: list[tuple[Any, ...]]) -> list[Drawing]:
    drawn = []
    for code in dict.fromkeys(row[2] for row in rows):
        mine = [row for row in rows if row[2] == code and row[11] is not None]
        spans = [[one.minor if one else row[11].minor for one in (row[12], row[11], row[13])] for row in mine]
        points = [(row[0], (low, value, high), money(row[11])) for row, (low, value, high) in zip(mine, spans, strict=True)]
        if points:
            told = "; ".join(map(_ranged, mine))
            headline = gettext("Lifetime in %(currency)s, and its range: %(title)s", currency=code, title=title)
            height = len(points) * ROW
            drawn.append(
                Drawing(f"{name}-{code.lower()}", headline, told, rows=tuple(ranged_rows(points)), height=height)
            )
    return drawn


def _ranged(row: tuple[Any, ...]) -> str:
    if row[12] is None:
        return f"{row[0]}: {money(row[11])}"
    return gettext(
        "%(label)s: %(value)s, between %(low)s and %(high)s",
        label=row[0], value=money(row[11]), low=money(row[12]), high=money(row[13]),
    )  # fmt: skip


def _curve(asked: Asked, lines: list[SpellLine]) -> Part:
    ages = known(watched(lines, asked.since, last_whole(asked)).ages)
    shares = survival(ages)
    rows = [
        (place, age.watched, age.ended, *_told(span, any(one.ended for one in ages[: place + 1])))
        for place, (age, span) in enumerate(zip(ages, shares, strict=True))
    ]
    return Part(
        "curve",
        gettext("How long memberships last"),
        gettext(
            "All of them together, by age in months (0: the month in which it began): how many were watched at that age, how"
            " many ended at it, and which share is still there at its end."
        ),
        (
            Heading("age", gettext("Months"), "text"),
            Heading("watched", gettext("Watched"), "people"),
            Heading("ended", gettext("Ended"), "people"),
            Heading("there", gettext("Still there"), "rate"),
            Heading("low", gettext("at least"), "rate"),
            Heading("high", gettext("at most"), "rate"),
        ),
        tuple(rows),
        lambda: _curve_drawn(rows),
    )


def _curve_drawn(rows: list[tuple[Any, ...]]) -> list[Drawing]:
    told = [row for row in rows if row[0] % (STEP if len(rows) > YEAR else 1) == 0]
    if not told:
        return []
    points = [(str(row[0]), round(row[3] * 10_000), percent(row[3])) for row in told]
    desc = gettext(
        "From %(first)s after %(begin)s months to %(last)s after %(end)s.",
        first=percent(told[0][3]), begin=told[0][0], last=percent(told[-1][3]), end=told[-1][0],
    )  # fmt: skip
    title = gettext("Share of memberships still there, by age in months")
    return [Drawing("curve", title, desc, columns=tuple(columns(points)))]

"""The reports drawn: which figures become bars, and how each picture is told in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal
from flask_babel import get_locale, gettext

from membership.reports.charts import Column, Row, columns, rows
from membership.reports.leaving import LeavingReport
from membership.reports.queries import ArticleMoney, PatronsReport
from membership.reports.rules import KINDS, LOSSES
from membership.web.locale import money

MOST_ARTICLES = 8


@dataclass(frozen=True)
class Picture:
    """A chart: its title, what it says in one sentence, and its bars."""

    id: str
    title: str
    desc: str
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()


def kind_words(kind: str) -> str:
    """A movement's kind for people."""
    return {
        "new": gettext("New"),
        "returned": gettext("Came back"),
        "raised": gettext("Give more"),
        "resumed": gettext("Go on after a pause"),
        "lowered": gettext("Give less"),
        "paused": gettext("Pause"),
        "left": gettext("Left by choice"),
        "lost": gettext("Lost to failed payments"),
        "switched": gettext("Another tier, same money"),
    }[kind]


def month_words(name: str, width: str = "LLLL y") -> str:
    """`2026-11` as `November 2026`, or by another CLDR pattern."""
    return _written(name, width, str(get_locale() or "en"))


@lru_cache(maxsize=2000)
def _written(name: str, width: str, locale: str) -> str:
    """A page writes the same months many times."""
    year, month = name.split("-")
    return format_date(date(int(year), int(month), 1), format=width, locale=locale)


def percent(share: Fraction) -> str:
    """A share as a percentage with one decimal, as the reader's language writes it."""
    value = round(Decimal(share.numerator * 100) / share.denominator, 1)
    return format_decimal(value, "0.0", str(get_locale() or "en")) + "\u202f%"


def source_words(source: str) -> str:
    """How memberships came."""
    return {
        "article": gettext("From an article"),
        "campaign": gettext("By a campaign"),
        "friend": gettext("By a friend's link"),
        "link": gettext("By a marked link or another site"),
        "brought": gettext("Brought along from another system"),
        "direct": gettext("By themselves"),
    }[source]


def revenue(report: PatronsReport) -> list[Picture]:
    """The recurring revenue of twelve months, one picture for each currency: currencies are never added up."""
    return [_revenue(report, line.currency) for line in report.recurring]


def _revenue(report: PatronsReport, code: str) -> Picture:
    amounts = [(month.name, month.recurring[code]) for month in report.months]
    points = [(month_words(name, "LLL"), amount.minor, money(amount)) for name, amount in amounts]
    first, last = amounts[0], amounts[-1]
    desc = gettext(
        "From %(first)s at the end of %(begin)s to %(last)s now.",
        first=money(first[1]), begin=month_words(first[0]), last=money(last[1]),
    )  # fmt: skip
    title = gettext("Monthly recurring revenue in %(currency)s", currency=code)
    return Picture(f"mrr-{code.lower()}", title, desc, columns=tuple(columns(points)))


def tiers(report: PatronsReport) -> Picture:
    """Paying memberships by tier."""
    points = [(line.name, line.memberships, str(line.memberships), False) for line in report.tiers]
    told = ", ".join(f"{line.name}: {line.memberships}" for line in report.tiers)
    return Picture("tiers", gettext("Paying memberships by tier"), told, rows=tuple(rows(points)))


def movements(report: PatronsReport) -> Picture:
    """How many memberships moved since the month began, by kind; what is lost in the second colour."""
    counts = [(kind, sum(line.memberships for line in report.moved if line.kind == kind)) for kind in KINDS]
    points = [(kind_words(kind), count, str(count), kind in LOSSES) for kind, count in counts]
    told = ", ".join(f"{kind_words(kind)}: {count}" for kind, count in counts)
    return Picture("moved", gettext("Memberships that changed since the month began"), told, rows=tuple(rows(points)))


def articles(report: PatronsReport) -> list[Picture]:
    """The articles that brought most, one picture for each currency."""
    codes = list(dict.fromkeys(line.currency for line in report.articles if line.address))
    return [_articles([line for line in report.articles if line.address and line.currency == code]) for code in codes]


def _articles(lines: list[ArticleMoney]) -> Picture:
    shown = lines[:MOST_ARTICLES]
    code = shown[0].currency
    points = [(line.title or line.address, line.gross.minor, money(line.gross), False) for line in shown]
    told = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
    title = gettext("Articles that brought most in %(currency)s", currency=code)
    return Picture(f"articles-{code.lower()}", title, told, rows=tuple(rows(points)))


def why_words(reason: str) -> str:
    """A reason for leaving for staff."""
    return {
        "money": gettext("Cannot spare the money"),
        "time": gettext("Reads too little"),
        "reporting": gettext("Expected other reporting"),
        "influence": gettext("Votes made too little difference"),
        "moved": gettext("Supports somebody else now"),
        "other": gettext("Something else"),
        "unsaid": gettext("Gave no reason"),
    }[reason]


def leaving(report: LeavingReport) -> Picture:
    """Those who left, by their reason; who gave none in the second colour."""
    points = [(why_words(why.reason), why.left, str(why.left), why.reason == "unsaid") for why in report.whys]
    told = ", ".join(f"{label}: {words}" for label, _, words, _ in points)
    return Picture("leaving", gettext("Memberships that left by choice, by reason"), told, rows=tuple(rows(points)))


def step_words(step: str) -> str:
    """After which letter a payment came."""
    return {
        "first": gettext("First letter"),
        "day-3": gettext("Reminder after 3 days"),
        "day-7": gettext("Reminder after 7 days"),
        "day-12": gettext("Reminder after 12 days"),
        "expiring": gettext("Notice of an expiring card"),
        "account": gettext("Card changed in the account"),
    }[step]


def how_words(how: str) -> str:
    """What brought a payment."""
    return {
        "new_card": gettext("another card"),
        "retry": gettext("the next try"),
        "page": gettext("the invoice's page"),
        "": gettext("not known"),
    }[how]


def failure_words(reason: str) -> str:
    """Why a payment failed."""
    return {
        "expired": gettext("Card expired"),
        "funds": gettext("Not enough in the account"),
        "confirm": gettext("Bank asks for confirmation"),
        "lost": gettext("Card lost, stolen or blocked"),
        "returned": gettext("Bank returned the debit"),
        "other": gettext("No reason that the bank would tell"),
    }[reason]


def state_words(state: str) -> str:
    """What became of a failed payment."""
    return {
        "recovered": gettext("Came back"),
        "open": gettext("Still open"),
        "given_up": gettext("Given up"),
    }[state]

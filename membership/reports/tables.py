"""The reports as rows: for files (one flat table that any spreadsheet or script reads) and as JSON.

Column names and part names are fixed English words, because scripts rely on them; amounts are exact decimals in major
units, each beside its currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from membership.money import Money, currency
from membership.reports.queries import PatronsReport
from membership.web import sheets

Cell = str | int | Decimal
HEAD = ("part", "item", "address", "currency", "number", "amount")


def amount(money: Money) -> Decimal:
    """In major units with all of the currency's decimals, exact."""
    return money.major.quantize(Decimal(1).scaleb(-currency(money.currency).decimals))


def patrons_rows(report: PatronsReport) -> Iterator[tuple[Cell, ...]]:
    """The report `patrons` as rows under `HEAD`; the first says as of when, and in which time zone the month began."""
    yield ("about", f"as of {_local(report)}", "", "", "", "")
    yield ("about", f"month began {report.month_began.astimezone(ZoneInfo(report.zone)).isoformat()}", "", "", "", "")
    yield ("patrons", "in good standing", "", "", report.patrons, "")
    yield ("patrons", "paying memberships", "", "", report.paying, "")
    for tier in report.tiers:
        yield ("tier", tier.name, "", "", tier.memberships, "")
    for line in report.recurring:
        yield ("mrr", "now", "", line.currency, line.memberships, amount(line.mrr))
    for month in report.months:
        for code, money in month.recurring.items():
            yield ("month", month.name, "", code, "", amount(money))
    for moved in report.moved:
        yield ("movement", moved.kind, "", moved.currency, moved.memberships, amount(moved.mrr))
    for article in report.articles:
        item = article.title or article.address or "no article"
        yield ("article", item, article.address, article.currency, article.payments, amount(article.gross))
        yield ("article patrons", item, article.address, article.currency, article.patrons, "")


def as_csv(rows: Iterable[tuple[Cell, ...]], head: tuple[str, ...] = HEAD) -> Iterator[str]:
    """Lines of CSV (RFC 4180), one at a time. Texts are guarded against being run as formulas; numbers are not texts."""
    return sheets.as_csv(rows, head)


def patrons_json(report: PatronsReport) -> dict[str, Any]:
    """The report `patrons` for scripts. `yearly` is the exact sum in minor units per year, of which `mrr` is a twelfth."""
    return {
        "report": "patrons",
        "as_of": report.at.isoformat(),
        "time_zone": report.zone,
        "month_began": report.month_began.isoformat(),
        "patrons": report.patrons,
        "paying_memberships": report.paying,
        "tiers": [{"tier": line.name, "memberships": line.memberships} for line in report.tiers],
        "recurring": [
            {
                "currency": line.currency,
                "memberships": line.memberships,
                "mrr": str(amount(line.mrr)),
                "yearly": line.yearly,
            }
            for line in report.recurring
        ],
        "months": [
            {"month": month.name, "mrr": {code: str(amount(money)) for code, money in month.recurring.items()}}
            for month in report.months
        ],
        "movements": [
            {
                "kind": line.kind,
                "currency": line.currency,
                "memberships": line.memberships,
                "mrr": str(amount(line.mrr)),
                "yearly": line.yearly,
            }
            for line in report.moved
        ],
        "articles": [
            {
                "title": line.title,
                "address": line.address,
                "currency": line.currency,
                "payments": line.payments,
                "gross": str(amount(line.gross)),
                "patrons": line.patrons,
            }
            for line in report.articles
        ],
    }


def _local(report: PatronsReport) -> str:
    return f"{report.at.astimezone(ZoneInfo(report.zone)).isoformat(timespec='minutes')} {report.zone}"

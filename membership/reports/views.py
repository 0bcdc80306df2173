"""The reports' pages and files. Whoever takes a file along is noted in the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, render_template
from flask_login import current_user

from membership import clock
from membership.db import reading, transaction
from membership.newsroom import queries as newsroom
from membership.readers import trail
from membership.reports import pictures, tables
from membership.reports.queries import PatronsReport, patrons_report
from membership.web.access import Who, allow

blueprint = Blueprint("reports", __name__)


@blueprint.get("/staff/reports")
@allow(Who.staff("viewer"))
def index() -> str:
    """Which reports there are."""
    return render_template("reports/index.html")


@blueprint.get("/staff/reports/patrons")
@allow(Who.staff("viewer"))
def patrons() -> str:
    """Patrons, recurring revenue, what changed this month, and money by article."""
    return render_template("reports/patrons.html", report=_patrons(), pictures=pictures)


@blueprint.get("/staff/reports/patrons.csv")
@allow(Who.staff("viewer"))
def patrons_csv() -> Response:
    """The same as a file for spreadsheets, sent line by line."""
    report = _patrons()
    _note("patrons", "csv", rows=sum(1 for _ in tables.patrons_rows(report)))
    lines: Iterator[str] = tables.as_csv(tables.patrons_rows(report))
    name = f"patrons-{report.at:%Y-%m-%d}.csv"
    return Response(lines, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@blueprint.get("/staff/reports/patrons.json")
@allow(Who.staff("viewer"))
def patrons_json() -> Response:
    """The same for scripts."""
    content: dict[str, Any] = tables.patrons_json(_patrons())
    _note("patrons", "json", rows=1)
    return jsonify(content)


def _patrons() -> PatronsReport:
    with reading() as session:
        found = newsroom.current(session)
        return patrons_report(session, clock.now(), found.time_zone if found else "UTC")


def _note(report: str, form: str, *, rows: int) -> None:
    with transaction() as session:
        trail.note(
            session, actor_id=current_user.reader_id, action="report:exported", object=f"report/{report}", at=clock.now(),
            format=form, rows=rows,
        )  # fmt: skip

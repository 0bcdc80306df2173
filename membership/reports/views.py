"""The reports' pages and files. Whoever takes a file along is noted in the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Response, jsonify, render_template
from flask_login import current_user

from membership import clock
from membership.db import reading, transaction
from membership.newsroom import queries as newsroom
from membership.readers import trail
from membership.reports import lapsed_pages, pages, payout_pages, pictures, tables
from membership.reports import leaving as leaving_reports
from membership.reports.leaving import LeavingReport, leaving_report, words_said
from membership.reports.queries import PatronsReport, patrons_report
from membership.reports.register import REPORTS
from membership.reports.room import blueprint
from membership.web import workbooks
from membership.web.access import Who, allow

__all__ = ["blueprint", "lapsed_pages", "pages", "payout_pages"]


@blueprint.get("/staff/reports")
@allow(Who.staff("viewer"))
def index() -> str:
    """Which reports there are."""
    return render_template("reports/index.html", reports=REPORTS.values())


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


@blueprint.get("/staff/reports/leaving")
@allow(Who.staff("viewer"))
def leaving() -> str:
    """Why people left. What they wrote in their own words is for managers."""
    report, words = _leaving(), []
    if current_user.may("manager"):
        with reading() as session:
            words = words_said(session, report.since)
    return render_template("reports/leaving.html", report=report, words=words, pictures=pictures)


@blueprint.get("/staff/reports/leaving.csv")
@allow(Who.staff("viewer"))
def leaving_csv() -> Response:
    """The same as a file, without anybody's own words."""
    report = _leaving()
    return _csv("leaving", report.at, list(leaving_reports.leaving_rows(report)), leaving_reports.HEAD)


@blueprint.get("/staff/reports/leaving.json")
@allow(Who.staff("viewer"))
def leaving_json() -> Response:
    """The same for scripts."""
    _note("leaving", "json", rows=1)
    return jsonify(leaving_reports.leaving_json(_leaving()))


@blueprint.get("/staff/reports/<any(patrons,leaving):name>.xlsx")
@allow(Who.staff("viewer"))
def as_workbook(name: str) -> Response:
    """The same rows as their CSV, as a workbook."""
    head: tuple[str, ...] = tables.HEAD
    rows: list[tuple[Any, ...]]
    if name == "patrons":
        rows = list(tables.patrons_rows(_patrons()))
    else:
        head, rows = leaving_reports.HEAD, list(leaving_reports.leaving_rows(_leaving()))
    _note(name, "xlsx", rows=len(rows))
    headers = {"Content-Disposition": f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.xlsx"'}
    return Response(workbooks.as_xlsx(rows, head), mimetype=workbooks.TYPE, headers=headers)


def _csv(name: str, at: datetime, rows: list[tuple[Any, ...]], head: tuple[str, ...]) -> Response:
    _note(name, "csv", rows=len(rows))
    disposition = f'attachment; filename="{name}-{at:%Y-%m-%d}.csv"'
    return Response(tables.as_csv(rows, head), mimetype="text/csv", headers={"Content-Disposition": disposition})


def _leaving() -> LeavingReport:
    with reading() as session:
        found = newsroom.current(session)
        return leaving_report(session, clock.now(), found.time_zone if found else "UTC")


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

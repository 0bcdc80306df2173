"""Pages and files of the reports in the table (`register`): one view each for all of them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request
from flask_babel import gettext
from flask_login import current_user
from markupsafe import Markup

from membership import clock
from membership.db import reading, transaction
from membership.money import Money
from membership.readers import trail
from membership.reports import pictures
from membership.reports.asking import asked_of, choices
from membership.reports.frame import HIDDEN, Asked, Heading, Link, Report, as_json, file_head, file_rows, parts_of
from membership.reports.held import held
from membership.reports.lines import SOURCES
from membership.reports.register import REPORTS
from membership.reports.room import blueprint
from membership.web import sheets, workbooks
from membership.web.access import Who, allow
from membership.web.locale import day, get_locale, money

SAID = ("from", "to", "currency", "tier", "source")
"""What an address may ask of a report."""
NAMES = f"any({','.join(REPORTS)})"


@blueprint.get(f"/staff/reports/<{NAMES}:name>")
@allow(Who.staff("viewer"))
def show(name: str) -> str:
    """One report: its charts, its tables, how they are computed, and what may be chosen."""
    report = REPORTS[name]
    said = tuple(sorted((key, value) for key, value in request.args.items() if key in SAID))
    key = (name, said, bool(current_user.may("manager")), str(get_locale()))
    told = held().told(key, lambda: _told(report))
    return render_template("reports/report.html", report=report, told=Markup(told))  # noqa: S704  # our own template


def _told(report: Report) -> str:
    with reading() as session:
        asked = _asked(session, report)
        parts, offered = parts_of(report, session, asked), choices(session)
    return render_template(
        "reports/told.html", report=report, asked=asked, parts=parts, choices=offered, shown=shown,
        sources=[(source, pictures.source_words(source)) for source in SOURCES], query=_query(asked),
    )  # fmt: skip


@blueprint.get(f"/staff/reports/<{NAMES}:name>.<any(csv,json,xlsx):form>")
@allow(Who.staff("viewer"))
def take_along(name: str, form: str) -> Response:
    """The same figures as a file."""
    report = REPORTS[name]
    with reading() as session:
        asked = _asked(session, report)
        parts = parts_of(report, session, asked)
    head = file_head(parts)
    rows = list(file_rows(parts, head))
    chosen = {key: value for key, value in _chosen(asked).items() if value}
    with transaction() as session:
        trail.note(
            session, actor_id=current_user.reader_id, action="report:exported", object=f"report/{name}", at=asked.at,
            format=form, rows=len(rows), **chosen,
        )  # fmt: skip
    if form == "json":
        content = json.dumps(as_json(report, asked, parts), ensure_ascii=False, indent=2)
        return Response(content, mimetype="application/json")
    body: Any = sheets.as_csv(rows, head) if form == "csv" else workbooks.as_xlsx(rows, head)
    headers = {"Content-Disposition": f'attachment; filename="{name}-{asked.since}-{asked.until}.{form}"'}
    return Response(body, mimetype="text/csv" if form == "csv" else workbooks.TYPE, headers=headers)


def _asked(session: Any, report: Report) -> Asked:
    full = bool(current_user.may("manager"))
    return asked_of(session, report, request.args, at=clock.now(), full=full)


def _chosen(asked: Asked) -> dict[str, str | None]:
    period = {"from": asked.since, "to": asked.until}
    return period | {"currency": asked.currency, "tier": asked.tier, "source": asked.source}


def _query(asked: Asked) -> str:
    return urlencode({key: value for key, value in _chosen(asked).items() if value})


def shown(cell: Any, heading: Heading) -> str | Markup:
    """A cell as people read it."""
    if cell is None or cell == "":
        return "–"
    if cell is HIDDEN:
        return str(cell)
    if isinstance(cell, Link):
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(cell.address, cell.words)
    if isinstance(cell, Money):
        return money(cell)
    if heading.kind == "day":
        return day(cell)
    if heading.kind in ("rate", "share"):
        return pictures.percent(cell)
    if heading.kind == "month":
        return gettext("All months") if cell == "all" else pictures.month_words(cell)
    return str(cell)

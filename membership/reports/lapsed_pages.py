"""The file of those who lapsed, with names: for managers, and noted before the first line is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Response, request
from flask_login import current_user
from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading, transaction
from membership.readers import trail
from membership.reports.asking import asked_of
from membership.reports.frame import Asked
from membership.reports.lapsed import HEAD, how_many, people
from membership.reports.register import REPORTS
from membership.reports.room import blueprint
from membership.web import sheets, workbooks
from membership.web.access import Who, allow

TYPES = {"csv": "text/csv", "json": "application/json", "xlsx": workbooks.TYPE}


@blueprint.get("/staff/reports/lapsed/people.<any(csv,json,xlsx):form>")
@allow(Who.staff("manager"))
def lapsed_people(form: str) -> Response:
    """Names and addresses, row by row."""
    at = clock.now()
    with reading() as session:
        asked = asked_of(session, REPORTS["lapsed"], request.args, at=at, full=True)
        rows = how_many(session, asked)
    with transaction() as session:
        note(session, asked, form, rows, by=current_user.reader_id, at=at)
    found = _read(asked)
    body: Any = _as_json(found)
    if form != "json":
        body = sheets.as_csv(found, HEAD) if form == "csv" else workbooks.as_xlsx(found, HEAD)
    headers = {"Content-Disposition": f'attachment; filename="lapsed-people-{asked.since}-{asked.until}.{form}"'}
    return Response(body, mimetype=TYPES[form], headers=headers)


def note(session: Session, asked: Asked, form: str, rows: int, *, by: int | None, at: datetime) -> None:
    """That somebody took names along: whose is not told, how many and which is."""
    chosen = {"from": asked.since, "to": asked.until, "currency": asked.currency, "tier": asked.tier, "source": asked.source}
    kept = {key: value for key, value in chosen.items() if value}
    trail.note(
        session, actor_id=by, action="report:exported", object="report/lapsed/people", at=at, format=form, rows=rows, **kept
    )  # fmt: skip


def _read(asked: Asked) -> Iterator[tuple[Any, ...]]:
    with reading() as session:
        yield from people(session, asked)


def _as_json(found: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    """A list, one person a line."""
    before = "["
    for row in found:
        told = {key: cell if isinstance(cell, int) else str(cell) for key, cell in zip(HEAD, row, strict=True)}
        yield before + json.dumps(told, ensure_ascii=False)
        before = ",\n"
    yield "[]" if before == "[" else "]"

"""A reader's own pages about what is held about them: the whole of it, as a page and as a file."""

from __future__ import annotations

from flask import render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.newsroom.queries import current
from membership.privacy import erasing_pages, keeping_pages
from membership.privacy.queries import everything
from membership.privacy.room import blueprint
from membership.privacy.telling import as_json
from membership.readers.trail import note
from membership.web.access import Who, allow
from membership.web.limits import EXPORTS_PER_READER, count_against

__all__ = ["blueprint", "erasing_pages", "keeping_pages"]


@blueprint.get("/account/export")
@allow(Who.READERS)
def export() -> str:
    """Everything, as a page."""
    with reading() as session:
        shelves = everything(session, current_user.reader_id, at=clock.now())
    return render_template("privacy/export.html", shelves=shelves)


@blueprint.post("/account/export")
@allow(Who.READERS)
def export_file() -> Response:
    """Everything, as a file."""
    reader_id, at = current_user.reader_id, clock.now()
    count_against((EXPORTS_PER_READER, str(reader_id)), at=at)
    with transaction() as session:
        note(session, actor_id=reader_id, action="reader:exported", object=f"reader/{reader_id}", at=at)
        shelves, newsroom = everything(session, reader_id, at=at), current(session)
        told = as_json(shelves, reader_id=reader_id, newsroom=newsroom.name if newsroom else "", at=at)
    head = {"Content-Disposition": f'attachment; filename="about-me-{at:%Y-%m-%d}.json"'}
    return Response(told, content_type="application/json; charset=utf-8", headers=head)

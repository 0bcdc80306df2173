"""Staff make one reader of two: both are looked at first, then one button. It cannot be undone."""

from __future__ import annotations

from flask import flash, render_template, request
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from membership import clock
from membership.account import merging, patron_acts, patrons
from membership.account.patron_pages import back_to
from membership.account.patrons import LARGEST_KEY, Patron
from membership.account.room import blueprint
from membership.db import reading, transaction
from membership.readers.queries import person_by_email
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of


@blueprint.get("/staff/patrons/<int:reader_id>/merging")
@allow(Who.staff("manager"))
def compare(reader_id: int) -> str | tuple[str, int]:
    """Which other reader this is; once named, both beside each other."""
    sought, at, by = request.args.get("other", "").strip()[:254], clock.now(), current_user.reader_id
    trouble, other = "", None
    with transaction() as session:
        patron_acts.look(session, reader_id, by=by, at=at)
        if sought:
            try:
                _stays, goes = merging.both(session, reader_id, _number(sought) or _known_by(session, sought))
                patron_acts.look(session, goes.reader_id, by=by, at=at)
                other = patrons.patron(session, goes.reader_id, at=at)
            except Refused as refused:
                trouble = words_of(refused)
    with reading() as session:
        this = patrons.patron(session, reader_id, at=at)
    page = _page(this, other, sought, trouble)
    return (page, 422) if trouble else page


@blueprint.post("/staff/patrons/<int:reader_id>/merging")
@allow(Who.staff("manager", fresh=True))
def merge_readers(reader_id: int) -> Response:
    """One of two: what the other one has goes to this one."""
    with transaction() as session:
        other = _number(request.form.get("other", ""))
        merging.merge(session, reader_id, other, by=current_user.reader_id, at=clock.now())
    flash(gettext("The two are one now. Both addresses hear of it by letter."))
    return back_to(reader_id)


def _number(typed: str) -> int:
    """A reader's number as typed; 0, which is nobody's, for anything else."""
    fits = typed.isascii() and typed.isdigit() and len(typed) < 19
    return min(int(typed), LARGEST_KEY) if fits else 0


def _known_by(session: Session, address: str) -> int:
    found = person_by_email(session, address) if "@" in address else None
    return found.reader_id if found else 0


def _page(this: Patron, other: Patron | None, sought: str, trouble: str) -> str:
    return render_template("account/merging.html", this=this, other=other, sought=sought, trouble=trouble)

"""Being erased: what goes and what stays, a letter with a link, and one button behind it."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.memberships.standing import has_standing
from membership.privacy import actions
from membership.privacy.queries import open_erasure
from membership.privacy.room import blueprint
from membership.readers.entering import leave
from membership.readers.models import Person
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of
from membership.web.limits import ERASURES_PER_READER, count_against


@blueprint.get("/account/erasure")
@allow(Who.READERS)
def erasure() -> str:
    """What goes, what stays, and how."""
    return _page()


@blueprint.post("/account/erasure")
@allow(Who.READERS)
def ask_erasure() -> Response | tuple[str, int]:
    """Send the link."""
    at = clock.now()
    count_against((ERASURES_PER_READER, str(current_user.reader_id)), at=at)
    try:
        with transaction() as session:
            actions.ask(session, session.get_one(Person, current_user.reader_id), at=at)
    except Refused as refused:
        return _page(words_of(refused)), refused.status
    flash(gettext("We have written to you. The link in the letter is good for an hour; nothing is erased before you use it."))
    return redirect("/account/erasure", 303)  # type: ignore[return-value]


@blueprint.get("/account/erasure/<token>")
@allow(Who.READERS)
def erasure_link(token: str) -> str:
    """The last page before it: one button."""
    with reading() as session:
        open_erasure(session, token, current_user.reader_id, at=clock.now())
    return render_template("privacy/erasure_confirm.html", token=token)


@blueprint.post("/account/erasure/<token>")
@allow(Who.READERS)
def confirm_erasure(token: str) -> str:
    """It is meant: signed out, and erased within minutes."""
    with transaction() as session:
        actions.confirm(session, token, current_user.reader_id, at=clock.now())
    leave()
    return render_template("privacy/erased.html")


def _page(trouble: str = "") -> str:
    reader_id, at = current_user.reader_id, clock.now()
    with reading() as session:
        pays = has_standing(session, reader_id, at)
    return render_template("privacy/erasure.html", pays=pays, trouble=trouble)

"""`/account/sessions`: where a reader is signed in, and ending it there."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.readers import actions
from membership.readers.queries import sessions_of
from membership.web.access import Who, allow
from membership.web.tokens import hashed

blueprint = Blueprint("sessions", __name__)


@blueprint.get("/account/sessions")
@allow(Who.READERS)
def show() -> str:
    """Every browser that is signed in, this one first."""
    with reading() as session:
        rows = sessions_of(session, current_user.reader_id, staff=current_user.held_role is not None, at=clock.now())
    own = hashed(current_user.token)
    return render_template("readers/sessions.html", rows=sorted(rows, key=lambda row: row.token_hash != own), own=own)


@blueprint.post("/account/sessions/<token_hash>/ending")
@allow(Who.READERS)
def end(token_hash: str) -> Response:
    """Sign one of them out; one's own as well."""
    with transaction() as session:
        actions.end_one_session(session, current_user.reader_id, token_hash, at=clock.now())
    return redirect("/account/sessions", 303)  # type: ignore[return-value]


@blueprint.post("/account/sessions/ending")
@allow(Who.READERS)
def end_others() -> Response:
    """Sign out everywhere else."""
    with transaction() as session:
        actions.end_sessions(session, current_user.reader_id, at=clock.now(), but=hashed(current_user.token))
    return redirect("/account/sessions", 303)  # type: ignore[return-value]

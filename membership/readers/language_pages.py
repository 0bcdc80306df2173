"""`/language`: in which language these pages are. Kept in the browser, and with the account of who is signed in."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request
from flask_login import current_user
from sqlalchemy import update
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from membership.db import transaction
from membership.languages import OWN_NAMES
from membership.readers.models import Person
from membership.refusals import NotFound
from membership.web.access import Who, allow, own_path
from membership.web.locale import remember

blueprint = Blueprint("language", __name__)


@blueprint.get("/language")
@allow(Who.ANYONE)
def ask() -> str:
    """Each language by its own name."""
    return render_template("readers/language.html", back=_came_from(), names=OWN_NAMES)


@blueprint.post("/language")
@allow(Who.ANYONE)
def choose() -> Response:
    """Keep the choice, and go back to where the reader came from."""
    language = request.form.get("language", "")
    if language not in OWN_NAMES:
        raise NotFound()
    if current_user.is_authenticated:
        with transaction() as session:
            mine = update(Person).where(Person.reader_id == current_user.reader_id)
            session.execute(mine.values(language=language))
    answer = redirect(own_path(request.form.get("next"), "/"), 303)
    remember(answer, language)
    return answer


def _came_from() -> str:
    """The page of ours that led here, if it can be opened again. Pages whose address is a secret do not say who they are."""
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:  # anything may be sent as where one came from
        return "/"
    path = f"{came.path}?{came.query}" if came.query else came.path
    if came.netloc != request.host or own_path(path, "") != path or came.path == request.path:
        return "/"
    try:
        current_app.create_url_adapter(request).match(came.path, method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return "/"
    return path

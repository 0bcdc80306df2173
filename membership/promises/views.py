"""Pages about promises: what the newsroom owes and what it kept, and the editors' side of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from membership import clock, db
from membership.promises import actions, queries
from membership.promises.forms import DateForm, DeclineForm, StoryForm
from membership.readers.queries import team
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow
from membership.web.forms import Form

blueprint = Blueprint("promises", __name__)


@blueprint.get("/promises")
@allow(Who.ANYONE)
def index() -> str:
    """What was voted, and what became of it."""
    with db.reading() as session:
        lines = queries.listed(session, clock.now())
    return render_template("promises/index.html", lines=lines)


@blueprint.get("/staff/promises")
@allow(Who.staff("editor"))
def desk() -> str:
    """What the newsroom owes."""
    with db.reading() as session:
        lines = queries.listed(session, clock.now())
    return render_template("promises/desk.html", lines=lines)


@blueprint.get("/staff/promises/<int:promise_id>")
@allow(Who.staff("editor"))
def manage(promise_id: int) -> str:
    """One promise: take it up, keep it, or give it up."""
    return _manage(promise_id)


def _manage(promise_id: int, **posted: Form) -> str:
    with db.reading() as session:
        line = queries.line_of(session, promise_id, clock.now())
        promise = queries.promise_by_id(session, promise_id)
        if line is None or promise is None:
            raise NotFound()
        editors = team(session, role=actions.NAMED)
        steps = queries.steps_of(session, promise_id)
        telling = queries.number_to_tell(session, promise)
    editor_id = promise.editor_id or current_user.reader_id
    forms: dict[str, Form] = {
        "date": DateForm(formdata=None, data={"editor": editor_id, "due_on": promise.due_on}),
        "story": StoryForm(formdata=None),
        "refusal": DeclineForm(formdata=None),
    } | posted  # type: ignore[assignment]
    forms["date"]["editor"].choices = [SelectChoice(one.reader_id, one.name or one.email) for one in editors]
    return render_template("promises/manage.html", line=line, steps=steps, telling=telling, forms=forms)


def _act(promise_id: int, name: str, form: Form, act: Callable[[Session], None], field: str, done: str) -> Any:
    """One act of an editor on a promise, or its form again with what was typed."""
    if not form.validate():
        return _manage(promise_id, **{name: form}), 422
    try:
        with db.transaction() as session:
            act(session)
    except Refused as refused:
        if refused.status != 422:
            raise  # nothing that a field could mend
        form.show(refused, field)
        return _manage(promise_id, **{name: form}), 422
    flash(done)
    return redirect(f"/staff/promises/{promise_id}", 303)


@blueprint.post("/staff/promises/<int:promise_id>/date")
@allow(Who.staff("editor"))
def set_date(promise_id: int) -> Any:
    """Name an editor and a date."""
    form, by, at = DateForm(), current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        actions.set_date(session, promise_id, editor_id=form.editor.data, due_on=form.due_on.data, by=by, at=at)

    return _act(promise_id, "date", form, act, "due_on", _("The date is public now."))


@blueprint.post("/staff/promises/<int:promise_id>/story")
@allow(Who.staff("editor"))
def publish(promise_id: int) -> Any:
    """The story is out."""
    form, by, at = StoryForm(), current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        actions.publish(session, promise_id, url=form.url.data or "", title=form.title.data or "", by=by, at=at)

    done = _("The promise is kept. Letters to those who asked for the story are on their way.")
    return _act(promise_id, "story", form, act, "url", done)


@blueprint.post("/staff/promises/<int:promise_id>/refusal")
@allow(Who.staff("editor"))
def decline(promise_id: int) -> Any:
    """The promise cannot be kept."""
    form, by, at = DeclineForm(), current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        actions.decline(session, promise_id, reason=form.reason.data or "", by=by, at=at)

    return _act(promise_id, "refusal", form, act, "reason", _("The reason is public now."))

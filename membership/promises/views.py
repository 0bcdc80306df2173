"""Pages about promises: what the newsroom owes and what it kept, and the editors' side of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from membership import clock, db
from membership.ballots.queries import result_of
from membership.newsroom.queries import current
from membership.promises import actions, queries, rules
from membership.promises.forms import DateForm, DeclineForm, DelayForm, LateForm, StoryForm
from membership.promises.reading import NotRead, Story, story_at
from membership.readers.queries import team
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow
from membership.web.forms import Form

blueprint = Blueprint("promises", __name__)
log = logging.getLogger(__name__)
FEED_ENTRIES = 50


@blueprint.get("/promises")
@allow(Who.ANYONE)
def index() -> str:
    """What was voted, and what became of it."""
    with db.reading() as session:
        lines = queries.listed(session, clock.now())
    return render_template("promises/index.html", lines=lines)


@blueprint.get("/promises/<int:promise_id>/picture.jpg")
@allow(Who.ANYONE)
def picture(promise_id: int) -> Response:
    """The picture of a story, as it was read from its page."""
    with db.reading() as session:
        jpeg = queries.picture_of(session, promise_id)
    if jpeg is None:
        raise NotFound()
    answer = Response(jpeg, content_type="image/jpeg")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@blueprint.get("/promises.atom")
@allow(Who.ANYONE)
def feed() -> Response:
    """Promises, what became of them, and results, the newest first: an Atom feed (RFC 4287)."""
    with db.reading() as session:
        steps = queries.feed_steps(session, FEED_ENTRIES)
        ballots = queries.counted_ballots(session, FEED_ENTRIES)
        results = {ballot.id: result_of(ballot) for ballot in ballots}
        moments = [step.at for step, _promise in steps] + [ballot.closed_at for ballot in ballots if ballot.closed_at]
        newsroom = current(session)
        begun = newsroom.opened_at if newsroom else clock.now()
        entries = sorted(
            [(step.at, step.id, "step", (step, promise)) for step, promise in steps]
            + [(ballot.closed_at or begun, ballot.id, "ballot", ballot) for ballot in ballots],
            key=lambda entry: entry[:2],
            reverse=True,
        )[:FEED_ENTRIES]
        text = render_template(
            "promises/feed.xml", entries=entries, results=results, updated=max(moments, default=begun), begun=begun
        )
    answer = Response(text, content_type="application/atom+xml; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.add_etag()
    return answer.make_conditional(request)  # type: ignore[return-value]


@blueprint.get("/staff/promises")
@allow(Who.staff("editor"))
def desk() -> str:
    """What the newsroom owes."""
    return _desk(None)


def _desk(form: LateForm | None) -> str:
    with db.reading() as session:
        lines = queries.listed(session, clock.now())
        days = queries.late_after(session)
    late = form or LateForm(formdata=None, data={"days": days})
    return render_template("promises/desk.html", lines=lines, late=late)


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
        "delay": DelayForm(formdata=None, data={"delay_reason": promise.delay_reason}),
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
    with db.reading() as session:
        promise = queries.promise_by_id(session, promise_id)
        if promise is None:
            raise NotFound()
        rules.check_pending(promise.state)
    story = _read(form.url.data or "")  # the network first, the transaction afterwards
    if not form.title.data and story.title:
        form.title.data = story.title

    def act(session: Session) -> None:
        actions.publish(
            session, promise_id, url=form.url.data or "", title=form.title.data or "", by=by, at=at,
            picture=story.picture,
        )  # fmt: skip

    done = _("The promise is kept. Letters to those who asked for the story are on their way.")
    return _act(promise_id, "story", form, act, "url", done)


def _read(address: str) -> Story:
    """What the story's page says of itself; nothing when it cannot be read."""
    sandboxed = current_app.config["MEMBERSHIP"].stripe_api_base is not None
    try:
        return story_at(address.strip(), loopback=sandboxed)
    except NotRead as error:
        log.info("the page of a story was not read: %s", error)
        return Story("", None)


@blueprint.post("/staff/promises/<int:promise_id>/delay")
@allow(Who.staff("editor"))
def explain_delay(promise_id: int) -> Any:
    """Say why it is late."""
    form, by, at = DelayForm(), current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        actions.explain_delay(session, promise_id, reason=form.delay_reason.data or "", by=by, at=at)

    return _act(promise_id, "delay", form, act, "delay_reason", _("The reason is public now."))


@blueprint.post("/staff/promises/lateness")
@allow(Who.staff("editor"))
def set_late_after() -> Any:
    """After how many days readers are told that a promise is late."""
    form = LateForm()
    try:
        with db.transaction() as session:
            actions.tell_late_after(session, form.days.data, by=current_user.reader_id, at=clock.now())
    except Refused as refused:
        form.show(refused, "days")
        return _desk(form), 422
    flash(_("Kept. It holds for promises that become late from now on."))
    return redirect("/staff/promises", 303)


@blueprint.post("/staff/promises/<int:promise_id>/refusal")
@allow(Who.staff("editor"))
def decline(promise_id: int) -> Any:
    """The promise cannot be kept."""
    form, by, at = DeclineForm(), current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        actions.decline(session, promise_id, reason=form.reason.data or "", by=by, at=at)

    return _act(promise_id, "refusal", form, act, "reason", _("The reason is public now."))

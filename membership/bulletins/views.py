"""/staff/bulletins: the letters to many, how far each has come, and what can be done with one on its way."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext, ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.bulletins import actions, queries, sending_pages, writing_pages
from membership.bulletins.forms import SORT_CHOICES, PaceForm, TestForm
from membership.bulletins.room import blueprint
from membership.db import reading, transaction
from membership.mail import many
from membership.newsroom import queries as newsroom
from membership.web.access import Who, allow
from membership.web.forms import sent_attempt

__all__ = ["blueprint", "sending_pages", "writing_pages"]
SHOWN = 100
Answer = Response | str | tuple[str, int]


@blueprint.get("/staff/bulletins")
@allow(Who.staff("viewer"))
def staff_bulletins() -> str:
    """Drafts, what waits for its time, what is on its way and what was sent."""
    return _list_page()


@blueprint.post("/staff/bulletins")
@allow(Who.staff("editor"))
def new_bulletin() -> Response:
    """An empty draft in the newsroom's language."""
    with transaction() as session:
        us = newsroom.current(session)
        assert us is not None, "no page of the desk opens before the first run"
        bulletin_id = actions.draft(
            session, attempt=sent_attempt(), language=us.language, by=current_user.reader_id, at=clock.now()
        )
    return _to(bulletin_id)


@blueprint.post("/staff/bulletins/pace")
@allow(Who.staff("manager"))
def change_pace() -> Answer:
    """How many letters go out a minute."""
    form = PaceForm()
    if not form.validate():
        return _list_page(form), 422
    with transaction() as session:
        actions.set_pace(session, form.per_minute.data, by=current_user.reader_id, at=clock.now())
    flash(gettext("Saved."))
    return redirect("/staff/bulletins", 303)  # type: ignore[return-value]


@blueprint.get("/staff/bulletins/<int:bulletin_id>/progress")
@allow(Who.staff("viewer"))
def progress_of_bulletin(bulletin_id: int) -> str:
    """How many have it, and what became of the others."""
    with reading() as session:
        us = newsroom.current(session)
        bulletin = queries.bulletin_by_id(session, bulletin_id)
        line = queries.line_of(session, bulletin, own=us.language if us else "")
        texts = {
            language: (text.subject, text.body) for language, text in queries.texts_of(session, bulletin_id).items()
        }
        return render_template(
            "bulletins/progress.html", line=line, texts=texts, languages=writing_pages.names_of(set(texts)),
            sorts=SORT_CHOICES, pace=many.pace(session), away=many.server_away(session), form=TestForm(),
        )  # fmt: skip


@blueprint.post("/staff/bulletins/<int:bulletin_id>/<any(pause,resume,stop,draft):deed>")
@allow(Who.staff("manager"))
def do_with_bulletin(bulletin_id: int, deed: str) -> Response:
    """Pause it, go on, stop it for good, or take back what was to be sent later."""
    by, at = current_user.reader_id, clock.now()
    with transaction() as session:
        if deed == "stop":
            actions.stop(session, bulletin_id, by=by, at=at)
        elif deed == "draft":
            actions.take_back(session, bulletin_id, by=by, at=at)
        else:
            actions.pause(session, bulletin_id, paused=deed == "pause", by=by, at=at)
    if deed == "draft":
        flash(gettext("It is a draft again, and nobody has got it."))
        return _to(bulletin_id)
    return redirect(f"/staff/bulletins/{bulletin_id}/progress", 303)  # type: ignore[return-value]


@blueprint.post("/staff/bulletins/<int:bulletin_id>/<any(copy,discard):deed>")
@allow(Who.staff("editor"))
def put_aside(bulletin_id: int, deed: str) -> Response:
    """Begin a new draft with the same words, or throw a draft away."""
    by, at = current_user.reader_id, clock.now()
    with transaction() as session:
        if deed == "copy":
            copied = actions.draft(session, attempt=sent_attempt(), language="", like=bulletin_id, by=by, at=at)
            return _to(copied)
        actions.discard(session, bulletin_id, by=by, at=at)
    flash(gettext("The draft is gone."))
    return redirect("/staff/bulletins", 303)  # type: ignore[return-value]


def _to(bulletin_id: int) -> Response:
    return redirect(f"/staff/bulletins/{bulletin_id}", 303)  # type: ignore[return-value]


def _list_page(pace: PaceForm | None = None) -> str:
    with reading() as session:
        us = newsroom.current(session)
        lines = queries.lines(session, own=us.language if us else "", most=SHOWN)
        per_minute = many.pace(session)
        away = many.server_away(session)
    waiting = sum(line.progress.waiting for line in lines if line.state in {"sending", "gathering"})
    minutes = -(-waiting // per_minute)
    return render_template(
        "bulletins/list.html", lines=lines, pace=pace or PaceForm(formdata=None, per_minute=per_minute), away=away,
        lasts=ngettext("about %(num)s minute", "about %(num)s minutes", minutes) if waiting else "", form=TestForm(),
    )  # fmt: skip

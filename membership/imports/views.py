"""/staff/imports: a file is handed in, looked through, reported on, and applied by a button; the worker does it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response as Streamed
from flask import flash, make_response, redirect, render_template, stream_with_context
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.db import reading, transaction
from membership.imports import actions, invitation_pages, queries, tasks
from membership.imports.actions import Options
from membership.imports.columns import FORMATS, OWN_COLUMNS, OWN_STATUSES, found_in
from membership.imports.files import NotAFile
from membership.imports.forms import FORM_WORDS, HandInForm
from membership.imports.models import Import
from membership.imports.papers import as_refused_csv, reason_words
from membership.imports.room import blueprint
from membership.money import CURRENCIES
from membership.newsroom import queries as newsroom
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow
from membership.web.uploads import takes

__all__ = ["blueprint", "invitation_pages"]

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes: several times what 100,000 rows take."""
SHOWN = 100
LOOK_AGAIN_SECONDS = 3

Answer = Response | str | tuple[str, int]


@blueprint.get("/staff/imports")
@allow(Who.staff("manager"))
def show() -> str:
    """What was handed in so far, and where the next file is."""
    return _page(HandInForm())


@blueprint.post("/staff/imports")
@allow(Who.staff("manager"))
@takes(LARGEST_FILE)
def hand_in() -> Answer:
    """Keep the file's rows; the worker looks through them. The same file again leads to what was handed in before."""
    form = HandInForm()
    _currencies(form)
    by, sent = current_user.reader_id, form.file.data
    try:
        if not form.validate() or form.form.data not in FORMATS or form.currency.data not in CURRENCIES:
            return _page(form), 422
        if not hasattr(sent, "stream"):
            raise NotAFile()
        options = Options(str(form.currency.data), form.dates.data or None, form.named_tiers())
        run, new = tasks.receive(sent.stream, str(form.form.data), options, name=sent.filename or "", by=by)
    except Refused as refused:
        form.show(refused, "file")
        return _page(form), refused.status
    finally:
        if hasattr(sent, "close"):
            sent.close()  # a large one lies on the disk
    if not new:
        flash(gettext("This file was handed in before, with the same settings. Here it is."))
    return redirect(f"/staff/imports/{run.id}", 303)  # type: ignore[return-value]


@blueprint.get("/staff/imports/<int:import_id>")
@allow(Who.staff("manager"))
def report(import_id: int) -> Answer:
    """What this file comes to: who is new, known, in doubt or refused and why, and what follows or has followed."""
    with reading() as session:
        run = _run(session.get(Import, import_id))
        made = queries.report(session, run)
        staying = list(queries.not_brought(session, run.id, most=SHOWN))
    unread = list(found_in(run.headings, run.form).unread)
    page = render_template(
        "imports/report.html", run=run, report=made, staying=staying, reason_words=reason_words, unread=unread,
        form_words=FORM_WORDS, shown=SHOWN,
    )  # fmt: skip
    answer = make_response(page)
    if run.step != "resting":
        answer.headers["Refresh"] = str(LOOK_AGAIN_SECONDS)
    return answer  # type: ignore[return-value]


@blueprint.post("/staff/imports/<int:import_id>/application")
@allow(Who.staff("manager", fresh=True))
def apply(import_id: int) -> Answer:
    """Do it. Pressed twice it is asked once."""
    with transaction() as session:
        _run(session.get(Import, import_id))
        actions.ask_for(session, import_id, by=current_user.reader_id, at=clock.now())
    return redirect(f"/staff/imports/{import_id}", 303)  # type: ignore[return-value]


@blueprint.post("/staff/imports/<int:import_id>/withdrawal")
@allow(Who.staff("manager"))
def withdraw(import_id: int) -> Answer:
    """Forget a rehearsal, and every row of it."""
    with transaction() as session:
        _run(session.get(Import, import_id))
        actions.withdraw(session, import_id, by=current_user.reader_id, at=clock.now())
    flash(gettext("The file and everything that was read in it are forgotten."))
    return redirect("/staff/imports", 303)  # type: ignore[return-value]


@blueprint.get("/staff/imports/<int:import_id>/not-brought.csv")
@allow(Who.staff("manager", fresh=True))
def not_brought(import_id: int) -> Streamed:
    """The rows that stay behind, each with its reason, to be put right and handed in again."""
    with reading() as session:
        run = _run(session.get(Import, import_id))

    def lines() -> Iterator[str]:
        yield "\ufeff"  # so that spreadsheets read it as UTF-8
        with reading() as session:
            yield from as_refused_csv(run.headings, queries.not_brought(session, run.id))

    answer = Streamed(stream_with_context(lines()), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="not-brought-{run.id}.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _run(found: Import | None) -> Import:
    if found is None:
        raise NotFound()
    return found


def _currencies(form: HandInForm) -> None:
    with reading() as session:
        own = newsroom.current(session)
    default = own.currency if own else "EUR"
    form.currency.choices = [SelectChoice(code) for code in sorted(CURRENCIES, key=lambda code: (code != default, code))]
    if form.currency.data not in CURRENCIES:
        form.currency.data = default


def _page(form: HandInForm) -> str:
    _currencies(form)
    with reading() as session:
        runs = queries.runs(session)
        offers = queries.offers(session)
    return render_template(
        "imports/imports.html", form=form, runs=runs, form_words=FORM_WORDS, offers=offers, own_columns=OWN_COLUMNS,
        own_statuses=OWN_STATUSES,
    )  # fmt: skip

"""Staff name observers of ballots; an observer stops being one by the address in their letters."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import StringField
from wtforms.validators import Length

from membership import clock, db
from membership.ballots import observing
from membership.ballots.pages import blueprint
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow
from membership.web.forms import Form, address_field


class ObserverForm(Form):
    """Whom to write to."""

    email = address_field(_l("Their e-mail address"), _l("Please write their e-mail address."))
    name = StringField(_l("Their name"), [Length(max=100)], render_kw={"autocomplete": "off"})


@blueprint.get("/staff/ballots/observers")
@allow(Who.staff("editor"))
def observers() -> str:
    """Who observes our ballots."""
    return _observers(ObserverForm(formdata=None))


def _observers(form: ObserverForm) -> str:
    with db.reading() as session:
        found = observing.observers(session)
    return render_template("ballots/observers.html", observers=found, form=form, enough=observing.ENOUGH)


@blueprint.post("/staff/ballots/observers")
@allow(Who.staff("editor"))
def name_observer() -> Any:
    """Name one more."""
    form = ObserverForm()
    if not form.validate():
        return _observers(form), 422
    try:
        with db.transaction() as session:
            new = observing.name_observer(
                session, form.email.data or "", name=form.name.data or "", by=current_user.reader_id, at=clock.now()
            )
    except Refused as refused:
        form.show(refused, "email")
        return _observers(form), 422
    flash(_("Named. A letter says so, and how to stop it.") if new else _("They observe our ballots already."))
    return redirect("/staff/ballots/observers", 303)


@blueprint.post("/staff/ballots/observers/<int:observer_id>/ending")
@allow(Who.staff("editor"))
def end_observer(observer_id: int) -> Any:
    """They are an observer no longer."""
    with db.transaction() as session:
        observing.stop_observing(session, observer_id, by=current_user.reader_id, at=clock.now())
    flash(_("They are an observer no longer, and their address is forgotten."))
    return redirect("/staff/ballots/observers", 303)


@blueprint.get("/observing/<token>")
@allow(Who.ANYONE)
def observing_page(token: str) -> str:
    """Ask an observer once more whether they wish to stop."""
    with db.reading() as session:
        if observing.observer_by_token(session, token) is None:
            raise NotFound()
    return render_template("ballots/observing.html", token=token)


@blueprint.post("/observing/<token>")
@allow(Who.ANYONE)
def stop(token: str) -> str:
    """An observer stops."""
    with db.transaction() as session:
        found = observing.observer_by_token(session, token)
        if found is None:
            raise NotFound()
        observing.stop_observing(session, found.id, by=None, at=clock.now())
    return render_template("ballots/observing.html", token=None)

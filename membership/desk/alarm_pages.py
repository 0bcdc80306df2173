"""/staff/settings/alarms: from which figure on staff are written to, and what they were written to about."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange

from membership import clock
from membership.db import reading, transaction
from membership.desk import alarms
from membership.desk.room import blueprint
from membership.desk.rules import ALARMS
from membership.readers import trail
from membership.web.access import Who, allow
from membership.web.forms import Form
from membership.web.limits import choose_figures

ADDRESS = "/staff/settings/alarms"


def _form() -> Any:
    with reading() as session:
        standing = alarms.thresholds(session)
    fields = {
        name: IntegerField(
            gettext(threshold.words),
            default=standing[name],
            validators=[InputRequired(), NumberRange(min=0, max=threshold.most)],
            render_kw={"inputmode": "numeric", "class": "short"},
        )
        for name, threshold in ALARMS.items()
    }
    return type("Thresholds", (Form,), fields)()


def _page(form: Any) -> str:
    with reading() as session:
        told = alarms.latest(session)
    return render_template("desk/alarms.html", form=form, names=ALARMS, told=told, said=alarms.said)


@blueprint.get(ADDRESS)
@allow(Who.staff("admin"))
def alarm_settings() -> str:
    """As it stands."""
    return _page(_form())


@blueprint.post(ADDRESS)
@allow(Who.staff("admin", fresh=True))
def set_alarms() -> Response | tuple[str, int]:
    """From now on."""
    form = _form()
    if not form.validate():
        return _page(form), 422
    figures = {name: int(form[name].data) for name in ALARMS}
    with transaction() as session:
        changed = choose_figures(session, alarms.as_figures(figures), alarms.as_figures(alarms.OWN))
        if changed:
            by, at = current_user.reader_id, clock.now()
            trail.note(session, actor_id=by, action="alarms:changed", object="newsroom/1", at=at, figures=changed)
    flash(gettext("Saved."))
    return redirect(ADDRESS, 303)  # type: ignore[return-value]

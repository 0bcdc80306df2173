"""/staff/settings/privacy: how long what is kept, and whether anything is kept of where people are."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from membership import clock
from membership.db import reading, transaction
from membership.privacy.room import blueprint
from membership.readers import trail
from membership.web.access import Who, allow
from membership.web.forms import Form
from membership.web.keeping import TERMS, as_figures, asks_first, protects_sources, terms_kept
from membership.web.limits import choose_figures

ADDRESS = "/staff/settings/privacy"


class KeepingForm(Form):
    """A whole number of days for each term, and the switch."""

    protect = BooleanField(lazy_gettext("Keep nothing of where people are"))
    ask_first = BooleanField(lazy_gettext("News and appeals go only to those who asked for them"))


def _form() -> Any:
    with reading() as session:
        kept, protect, ask_first = terms_kept(session), protects_sources(session), asks_first(session)
    fields = {
        name: IntegerField(
            lazy_gettext("%(what)s: days", what=term.words),
            default=kept[name],
            validators=[InputRequired(), NumberRange(min=term.least, max=term.most)],
            render_kw={"inputmode": "numeric", "class": "short"},
        )
        for name, term in TERMS.items()
    }
    return type("Terms", (KeepingForm,), fields)(protect=protect, ask_first=ask_first)


@blueprint.get(ADDRESS)
@allow(Who.staff("admin"))
def keeping() -> str:
    """As it stands."""
    return render_template("privacy/keeping.html", form=_form(), terms=TERMS)


@blueprint.post(ADDRESS)
@allow(Who.staff("admin", fresh=True))
def keep() -> Response | tuple[str, int]:
    """From now on."""
    form = _form()
    if not form.validate():
        return render_template("privacy/keeping.html", form=form, terms=TERMS), 422
    days = {name: int(form[name].data) for name in TERMS}
    with transaction() as session:
        switches = {"protect": bool(form.protect.data), "ask_first": bool(form.ask_first.data)}
        changed = choose_figures(session, *as_figures(days, **switches))
        if changed:
            by, at = current_user.reader_id, clock.now()
            trail.note(session, actor_id=by, action="keeping:changed", object="newsroom/1", at=at, figures=changed)
    flash(gettext("Saved."))
    return redirect(ADDRESS, 303)  # type: ignore[return-value]

"""/staff/settings/reports: who reads what strangers report, a hole in the security or something that cannot be used."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import DateField, StringField
from wtforms.validators import Length, Optional, ValidationError

from membership import clock
from membership.db import reading, transaction
from membership.desk.room import blueprint
from membership.newsroom.actions import name_contact
from membership.newsroom.queries import contact_points, today
from membership.newsroom.rules import LONGEST_SAID, NotAnAddressForReports, read_report_address
from membership.readers import trail
from membership.web.access import Who, allow
from membership.web.errors import words_of
from membership.web.forms import Form

ADDRESS = "/staff/settings/reports"


class ReportsForm(Form):
    """Two addresses, and until when the first is good."""

    security = StringField(lazy_gettext("Holes in the security: e-mail address or page"), [Length(max=300)])
    until = DateField(lazy_gettext("Somebody reads it at least until"), [Optional()])
    accessibility = StringField(lazy_gettext("What somebody cannot use: e-mail address or page"), [Length(max=300)])

    def validate_security(self, field: StringField) -> None:
        """An address, or nothing."""
        _check(field)

    def validate_accessibility(self, field: StringField) -> None:
        """The same."""
        _check(field)

    def validate_until(self, field: DateField) -> None:
        """A day to come, at most a year ahead (RFC 9116)."""
        with reading() as session:
            day = today(session, clock.now())
        if field.data and not day <= field.data <= day + LONGEST_SAID:
            raise ValidationError(gettext("Please name a day within the coming year."))


def _check(field: StringField) -> None:
    if field.data:
        try:
            read_report_address(field.data)
        except NotAnAddressForReports as refused:
            raise ValidationError(words_of(refused)) from None


@blueprint.get(ADDRESS)
@allow(Who.staff("admin"))
def reports() -> str:
    """As it stands."""
    with reading() as session:
        named = contact_points(session)
        day = today(session, clock.now())
    said = {kind: row.address for kind, row in named.items()}
    until = named["security"].until if "security" in named else day + timedelta(days=180)
    return render_template("desk/reports.html", form=ReportsForm(formdata=None, until=until, **said))


@blueprint.post(ADDRESS)
@allow(Who.staff("admin", fresh=True))
def name_readers() -> Response | tuple[str, int]:
    """From now on."""
    form = ReportsForm()
    if not form.validate():
        return render_template("desk/reports.html", form=form), 422
    said = {"security": (form.security.data or "", form.until.data), "accessibility": (form.accessibility.data or "", None)}
    with transaction() as session:
        changed = [kind for kind, (address, until) in said.items() if name_contact(session, kind, address, until)]
        if changed:
            by, at = current_user.reader_id, clock.now()
            trail.note(session, actor_id=by, action="contacts:changed", object="newsroom/1", at=at, kinds=changed)
    flash(gettext("Saved."))
    return redirect(ADDRESS, 303)  # type: ignore[return-value]

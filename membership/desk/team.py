"""Who works here: inviting somebody with a role, and ending it."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.desk import actions
from membership.desk.forms import ROLE_WORDS, InviteForm
from membership.desk.room import blueprint
from membership.readers.queries import members
from membership.readers.second_step import forget_ways
from membership.refusals import Refused
from membership.web.access import Who, allow


@blueprint.get("/staff/team")
@allow(Who.staff("admin"))
def team() -> str:
    """The team, and a form to invite somebody."""
    return _page(InviteForm())


@blueprint.post("/staff/team")
@allow(Who.staff("admin", fresh=True))
def invite() -> Response | tuple[str, int]:
    """Give somebody a role; they hear of it by letter."""
    form = InviteForm()
    if not form.validate():
        return _page(form), 422
    try:
        with transaction() as session:
            actions.invite(
                session,
                str(form.email.data),
                name=form.name.data or "",
                role=form.role.data,
                by=current_user.reader_id,
                at=clock.now(),
            )
    except Refused as refused:
        form.show(refused, "role")
        return _page(form), refused.status
    flash(gettext("Invited. The letter to %(address)s is on its way.", address=form.email.data))
    return redirect("/staff/team", 303)  # type: ignore[return-value]


@blueprint.post("/staff/team/<int:reader_id>/ending")
@allow(Who.staff("admin", fresh=True))
def end(reader_id: int) -> Response:
    """Take somebody out of the team; they are signed out everywhere."""
    with transaction() as session:
        actions.end_role(session, reader_id, by=current_user.reader_id, at=clock.now())
    return redirect("/staff/team", 303)  # type: ignore[return-value]


@blueprint.post("/staff/team/<int:reader_id>/second-step")
@allow(Who.staff("admin", fresh=True))
def reset(reader_id: int) -> Response:
    """Somebody lost every device and code: they are signed out, and begin with a new second step."""
    with transaction() as session:
        forget_ways(session, reader_id, by=current_user.reader_id, at=clock.now())
    flash(gettext("They are signed out and begin anew at the next sign-in. A letter tells them."))
    return redirect("/staff/team", 303)  # type: ignore[return-value]


def _page(form: InviteForm) -> str:
    with reading() as session:
        people = members(session)
    return render_template("desk/team.html", form=form, people=people, role_words=ROLE_WORDS)

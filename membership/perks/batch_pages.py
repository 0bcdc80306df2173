"""Buttons for many grants at once."""

from __future__ import annotations

from flask import flash, redirect, request
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import transaction
from membership.perks import batches
from membership.perks.own_pages import key
from membership.perks.room import blueprint
from membership.web.access import Who, allow


@blueprint.post("/staff/perks/<int:perk_id>/batches")
@allow(Who.staff("manager"))
def begin_batch(perk_id: int) -> Response:
    """Begin an act on all that it fits, or on those that were ticked; the worker carries it out."""
    deed = request.form.get("deed", "")
    ticked = {key(int(one)) for one in request.form.getlist("grant") if one.isascii() and one.isdigit()}
    only = ticked if request.form.get("which") == "ticked" else None
    with transaction() as session:
        batches.begin(session, key(perk_id), deed, by=current_user.reader_id, at=clock.now(), only=only)
    flash(gettext("The work has begun. This page shows how far it is."))
    return redirect(f"/staff/perks/{perk_id}", 303)

"""The door of an evening: the patron's code as a picture, and the staff's page that lets guests in. Works without script:
a telephone's own camera reads the picture and opens the page."""

from __future__ import annotations

import io

import segno
from flask import current_app, flash, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.perks import doors, ledger, queries
from membership.perks.claim_models import PerkSeat
from membership.perks.forms import DoorForm
from membership.perks.own_pages import MINE, key
from membership.perks.room import blueprint
from membership.perks.rules import read_code
from membership.perks.states import NoSuchPerk
from membership.refusals import Refused
from membership.web.access import Who, allow

Answer = Response | str | tuple[str, int]


@blueprint.get(f"{MINE}/<int:grant_id>/seat.svg")
@allow(Who.READERS)
def seat_picture(grant_id: int) -> Response:
    """The seat's code as a picture, for whoever stands at the door."""
    with reading() as session:
        grant, perk = ledger.own(session, key(grant_id), current_user.reader_id)
        seat = session.get(PerkSeat, grant.id)
    if perk.kind != "event" or grant.state != "claimed" or seat is None or seat.seated_at is None:
        raise NoSuchPerk()
    drawn = io.BytesIO()
    address = f"{current_app.config['MEMBERSHIP'].base_url}/staff/check-in/{grant.code}"
    segno.make_qr(address, error="m").save(drawn, kind="svg", scale=4, border=4, light="#fff")
    return Response(drawn.getvalue(), content_type="image/svg+xml")


@blueprint.get("/staff/check-in/<code>")
@allow(Who.staff("manager"))
def scanned(code: str) -> Response:
    """Where a scanned code leads: to its evening's door, with the code typed in. Looking lets nobody in."""
    known = read_code(code)
    with reading() as session:
        found = queries.grant_by_code(session, known) if known else None
    if found is None or found[1].kind != "event":
        raise NoSuchPerk()
    return redirect(f"/staff/perks/{found[1].id}/door?code={known}", 303)


@blueprint.get("/staff/perks/<int:perk_id>/door")
@allow(Who.staff("manager"))
def door(perk_id: int) -> str:
    """Who has come, and a field for the next code."""
    form = DoorForm(formdata=None, code=request.args.get("code", "")[:40])
    return _door(perk_id, form)


@blueprint.post("/staff/perks/<int:perk_id>/door")
@allow(Who.staff("manager"))
def come_in(perk_id: int) -> Answer:
    """Let in whose code this is, or the guest whose button was pressed."""
    form, pressed, at = DoorForm(), request.form.get("guest", ""), clock.now()
    by = current_user.reader_id
    try:
        with transaction() as session:
            one = int(pressed) if pressed.isascii() and pressed.isdigit() else 0
            grant_id = key(one) if one else doors.grant_at(session, key(perk_id), form.code.data or "").id
            grant = doors.let_in(session, key(perk_id), grant_id, by=by, at=at)
            name = doors.name_of(session, grant)
    except Refused as refused:
        form.show(refused, "code")
        return _door(perk_id, form), refused.status
    flash(gettext("%(name)s is in. Welcome!", name=name))
    return redirect(f"/staff/perks/{perk_id}/door", 303)


@blueprint.post("/staff/perks/<int:perk_id>/door/<int:grant_id>/undoing")
@allow(Who.staff("manager"))
def undo_come_in(perk_id: int, grant_id: int) -> Response:
    """It was the wrong one."""
    with transaction() as session:
        doors.undo(session, key(perk_id), key(grant_id), by=current_user.reader_id, at=clock.now())
    flash(gettext("Undone: that seat has not come yet."))
    return redirect(f"/staff/perks/{perk_id}/door", 303)


def _door(perk_id: int, form: DoorForm) -> str:
    looked_for = request.args.get("name", "").strip()[:100]
    with reading() as session:
        found = doors.door(session, key(perk_id), looked_for=looked_for)
    return render_template("perks/door.html", door=found, form=form, looked_for=looked_for)

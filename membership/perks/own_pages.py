"""A patron's own perks: what they have, what comes next, and what they do with it. Every act names the signed-in reader."""

from __future__ import annotations

from datetime import UTC
from io import BytesIO

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, send_file
from flask_babel import gettext
from flask_login import current_user
from icalendar import Calendar, Event
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.newsroom import queries as newsroom
from membership.perks import codes, feeds, files, ledger, seats, wall
from membership.perks.claim_models import PerkSeat
from membership.perks.forms import WallForm
from membership.perks.room import blueprint
from membership.perks.shelf import shelf_of
from membership.perks.states import NoSuchPerk
from membership.web.access import Who, allow

MINE = "/account/perks"
LARGEST_KEY = 2**63 - 1


def key(number: int) -> int:
    """A number from an address, never too large for the database."""
    return min(number, LARGEST_KEY)


@blueprint.get(MINE)
@allow(Who.READERS)
def mine() -> str:
    """What is theirs, what comes next and when, and why something is not theirs."""
    with reading() as session:
        shelf = shelf_of(session, current_user.reader_id, clock.now())
    return render_template("perks/mine.html", shelf=shelf, standing=current_user.has_standing, wall_form=WallForm())


@blueprint.post(f"{MINE}/<int:grant_id>/code")
@allow(Who.READERS)
def claim_code(grant_id: int) -> Response:
    """Take a partner's code; pressed twice it is one."""
    with transaction() as session:
        codes.claim(session, key(grant_id), current_user.reader_id, at=clock.now())
    flash(gettext("The code is yours."))
    return redirect(MINE, 303)


@blueprint.post(f"{MINE}/<int:grant_id>/use")
@allow(Who.READERS)
def use_code(grant_id: int) -> Response:
    """The code was used."""
    with transaction() as session:
        codes.use(session, key(grant_id), current_user.reader_id, at=clock.now())
    flash(gettext("Noted: you have used it."))
    return redirect(MINE, 303)


@blueprint.post(f"{MINE}/<int:grant_id>/files/<int:file_id>")
@allow(Who.READERS)
def open_file(grant_id: int, file_id: int) -> Response:
    """On to the file's signed address, which is good for ten minutes."""
    with transaction() as session:
        token = files.open_file(session, key(grant_id), key(file_id), current_user.reader_id, at=clock.now())
    return redirect(f"/perks/files/{token}", 303)


@blueprint.get("/perks/files/<token>")
@allow(Who.ANYONE)
def fetch_file(token: str) -> FlaskResponse:
    """The file behind a signed address, while its patron's standing lasts; in parts, if a player asks for parts."""
    with reading() as session:
        grant, file, content = files.behind(session, token)
        ledger.check_delivered(session, grant, at=clock.now())
    return send_file(
        BytesIO(content), mimetype=file.media_type, as_attachment=True, download_name=file.name, etag=file.sha256,
        conditional=True, last_modified=file.added_at, max_age=0,
    )  # fmt: skip


@blueprint.post(f"{MINE}/<int:grant_id>/feed")
@allow(Who.READERS)
def renew_feed(grant_id: int) -> Response:
    """A feed address, or a new one in the place of the one before."""
    with transaction() as session:
        feeds.address(session, key(grant_id), current_user.reader_id, at=clock.now())
    flash(gettext("Here is your feed address. An earlier one, if there was one, opens nothing any more."))
    return redirect(MINE, 303)


@blueprint.post(f"{MINE}/<int:grant_id>/seat")
@allow(Who.READERS)
def ask_seat(grant_id: int) -> Response:
    """Ask for a seat, or for a place on the waiting list."""
    perk_id = _perk_of(grant_id)
    with transaction() as session:
        seated = seats.ask(session, key(grant_id), perk_id=perk_id, reader_id=current_user.reader_id, at=clock.now())
    if seated:
        flash(gettext("You have a seat. We look forward to seeing you."))
    else:
        flash(gettext("All seats are taken at the moment. You are on the waiting list; we write when a seat is free."))
    return redirect(MINE, 303)


@blueprint.post(f"{MINE}/<int:grant_id>/seat/cancellation")
@allow(Who.READERS)
def give_seat_back(grant_id: int) -> Response:
    """Somebody else can come."""
    perk_id = _perk_of(grant_id)
    with transaction() as session:
        seats.give_back(session, key(grant_id), perk_id=perk_id, reader_id=current_user.reader_id, at=clock.now())
    flash(gettext("Thank you: somebody else can come."))
    return redirect(MINE, 303)


@blueprint.get(f"{MINE}/<int:grant_id>/seat.ics")
@allow(Who.READERS)
def calendar(grant_id: int) -> Response:
    """The evening for a calendar."""
    at = clock.now()
    with reading() as session:
        grant, perk = ledger.own(session, key(grant_id), current_user.reader_id)
        seat = session.get(PerkSeat, grant.id)
        here = newsroom.current(session)
    if seat is None or seat.seated_at is None or perk.starts_at is None or perk.ends_at is None:
        raise NoSuchPerk()
    event = Event()
    event.add("uid", f"perk-{perk.id}-{grant.id}@membership")
    event.add("dtstamp", at.astimezone(UTC))
    event.add("dtstart", perk.starts_at)
    event.add("dtend", perk.ends_at)
    event.add("summary", perk.title)
    event.add("location", perk.place)
    event.add("description", perk.blurb)
    book = Calendar()
    book.add("prodid", f"-//{here.name if here else 'membership'}//perks//EN")
    book.add("version", "2.0")
    book.add_component(event)
    headers = {"Content-Disposition": f'attachment; filename="seat-{grant.id}.ics"'}
    return Response(book.to_ical(), content_type="text/calendar; charset=utf-8", headers=headers)


@blueprint.post(f"{MINE}/<int:grant_id>/wall")
@allow(Who.READERS)
def put_on_wall(grant_id: int) -> Response | tuple[str, int]:
    """On the wall of thanks, as they wish to be called."""
    form = WallForm()
    name = " ".join((form.name.data or "").split())
    if not form.validate() or not (name or form.unnamed.data):
        form.name.errors = [gettext("Please write how we shall call you, or choose to stand there without a name.")]
        with reading() as session:
            shelf = shelf_of(session, current_user.reader_id, clock.now())
        page = render_template("perks/mine.html", shelf=shelf, standing=current_user.has_standing, wall_form=form)
        return page, 422
    with transaction() as session:
        shown = None if form.unnamed.data else name
        wall.put(session, key(grant_id), current_user.reader_id, shown, at=clock.now())
    flash(gettext("Thank you. This is how you stand on the wall."))
    return redirect(MINE, 303)


@blueprint.post(f"{MINE}/<int:grant_id>/wall/removal")
@allow(Who.READERS)
def take_off_wall(grant_id: int) -> Response:
    """Off the wall."""
    with transaction() as session:
        wall.take_down(session, key(grant_id), current_user.reader_id, at=clock.now())
    flash(gettext("You do not stand on the wall any more."))
    return redirect(MINE, 303)


@blueprint.get("/thanks")
@allow(Who.ANYONE)
def thanks() -> str:
    """The wall of thanks."""
    with reading() as session:
        found = wall.wall(session, clock.now())
    if found is None:
        raise NoSuchPerk()
    return render_template("perks/thanks.html", wall=found)


def _perk_of(grant_id: int) -> int:
    """An event's row is locked before the grant's, so it is looked up first."""
    with reading() as session:
        return ledger.own(session, key(grant_id), current_user.reader_id)[1].id

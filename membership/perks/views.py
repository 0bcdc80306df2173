"""The members' link itself, and the staff's page about perks."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.db import reading, transaction
from membership.memberships.queries import open_tiers
from membership.memberships.standing import has_standing
from membership.perks import actions, queries
from membership.perks.forms import LinkForm
from membership.perks.rules import LinkRests, NoSuchLink, destination, read_code
from membership.refusals import Refused
from membership.web.access import Who, allow

blueprint = Blueprint("perks", __name__)


@blueprint.get("/perks/<code>")
@allow(Who.ANYONE)
def open_link(code: str) -> Response:
    """On to where the perk lives, with the personal code; the code is the key, so no sign-in is asked for."""
    known = read_code(code)
    with reading() as session:
        found = queries.grant_by_code(session, known) if known else None
        standing = found is not None and has_standing(session, found[0].reader_id, clock.now())
    if found is None:
        raise NoSuchLink()
    if not standing:
        raise LinkRests()
    grant, perk = found
    return redirect(destination(perk.address, grant.code), 303)


@blueprint.after_request
def keep_the_code_here(response: Response) -> Response:
    """An address with a code in it is stored nowhere and named to no other site, also when it is refused."""
    if request.endpoint == "perks.open_link":
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/staff/perks")
@allow(Who.staff("manager"))
def desk() -> str:
    """What there is, and a form for a new one."""
    return _desk(LinkForm())


@blueprint.post("/staff/perks")
@allow(Who.staff("manager"))
def make() -> Response | tuple[str, int]:
    """A new members' link; patrons get theirs by letter within moments."""
    form = LinkForm()
    _choices(form)
    if not form.validate():
        return _desk(form), 422
    try:
        with transaction() as session:
            actions.make_link(
                session,
                title=form.title.data,
                blurb=form.blurb.data.strip(),
                address=form.address.data,
                tier_ids=form.tiers.data or [],
                by=current_user.reader_id,
                at=clock.now(),
            )
    except Refused as refused:
        form.show(refused, "title")
        return _desk(form), refused.status
    flash(gettext("The perk is there. Patrons of its tiers get their links by letter."))
    return redirect("/staff/perks", 303)


@blueprint.post("/staff/perks/<int:perk_id>/retirement")
@allow(Who.staff("manager"))
def retire(perk_id: int) -> Response:
    """Issue a perk no more; its links stop opening."""
    with transaction() as session:
        actions.retire(session, perk_id, by=current_user.reader_id, at=clock.now())
    flash(gettext("The perk is retired. Its links open nothing any more."))
    return redirect("/staff/perks", 303)


def _choices(form: LinkForm) -> None:
    with reading() as session:
        form.tiers.choices = [SelectChoice(tier.id, tier.name) for tier in open_tiers(session)]


def _desk(form: LinkForm) -> str:
    _choices(form)
    with reading() as session:
        lines = queries.perk_lines(session)
    return render_template("perks/desk.html", form=form, lines=lines)

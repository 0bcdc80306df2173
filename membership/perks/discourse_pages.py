"""Signing in to a Discourse forum: the forum's question, whether the patron agrees, and staff's registering of a forum."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from membership import clock
from membership.db import transaction
from membership.perks import community, discourse, keys, provider
from membership.perks.community_models import CommunityClient
from membership.perks.forms import ForumForm
from membership.perks.own_pages import MINE, key
from membership.perks.room import blueprint
from membership.perks.rules import checked_address
from membership.perks.states import NoSuchPerk
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of
from membership.web.security import posts_to

PATH = "/community/discourse"


@blueprint.get(f"{PATH}/<client_id>")
@allow(Who.READERS)
def forum_asks(client_id: str) -> Response | str:
    """Ask whether they agree; who agreed before goes straight on."""
    with transaction() as session:
        row, nonce = _question(session, client_id)
        community.access(session, row, current_user.reader_id, at=clock.now())
        if community.consent(session, row.id, current_user.reader_id) is not None:
            return redirect(_answer(session, row, nonce), 303)
    posts_to(row.redirect_uris)
    return render_template(
        "perks/consent.html", site=row, scopes=discourse.SCOPE.split(), action=request.path,
        query=request.query_string.decode(),
    )  # fmt: skip


@blueprint.post(f"{PATH}/<client_id>")
@allow(Who.READERS)
def answer_forum(client_id: str) -> Response:
    """They agree, or not; the question is checked once more."""
    with transaction() as session:
        row, nonce = _question(session, client_id)
        if request.form.get("answer") == "yes":
            community.agree(session, row, current_user.reader_id, discourse.SCOPE, at=clock.now())
            return redirect(_answer(session, row, nonce), 303)
    flash(gettext("You were not signed in there."))
    return redirect(MINE, 303)


def _question(session: Session, client_id: str) -> tuple[CommunityClient, str]:
    row = community.alive(session, client_id)
    if row is None or row.sealed is None:
        raise NoSuchPerk()
    return row, discourse.asked(provider.secret(), row, request.args.get("sso", ""), request.args.get("sig", ""))


def _answer(session: Session, row: CommunityClient, nonce: str) -> str:
    return discourse.answer(session, provider.secret(), row, current_user.reader_id, nonce, at=clock.now())


@blueprint.post("/staff/perks/<int:perk_id>/forums")
@allow(Who.staff("manager"))
def register_forum(perk_id: int) -> Response:
    """A forum that leaves signing in to us. What it is to be told is shown once, on the page that follows."""
    form, base = ForumForm(), current_app.config["MEMBERSHIP"].base_url
    try:
        if not form.validate():
            raise discourse.NotFromTheForum(gettext("Please write a name and the forum's address."))
        address = discourse.return_address(checked_address(form.address.data or ""))
        with transaction() as session:
            made, secret = community.register(
                session, key(perk_id), name=form.forum.data or "", redirect_uris=[address], by=current_user.reader_id,
                at=clock.now(), seal=lambda words: keys.sealed(provider.secret(), words),
            )  # fmt: skip
    except Refused as refused:
        flash(words_of(refused), "bad")
        return redirect(f"/staff/perks/{perk_id}", 303)
    words = gettext("discourse_connect_url is %(url)s, discourse_connect_secret is %(secret)s. It is shown only now.",
                    url=f"{base}{PATH}/{made.id}", secret=secret)  # fmt: skip
    flash(words)
    return redirect(f"/staff/perks/{perk_id}", 303)

"""/campaigns: those that run and those that are over, a campaign's own page, and what those who gave wish."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import flash, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from membership import clock
from membership.campaigns import actions, desk_pages, queries
from membership.campaigns.forms import ChoiceForm
from membership.campaigns.models import Campaign
from membership.campaigns.room import blueprint
from membership.campaigns.rules import NothingGiven, Phase
from membership.db import reading, transaction
from membership.giving import touches
from membership.giving.models import Checkout
from membership.giving.paying import article_asked
from membership.giving.queries import checkout_by_session
from membership.giving.touch_models import CheckoutTouch
from membership.refusals import NotFound
from membership.web.access import Who, allow
from membership.web.browser import browser_hash

__all__ = ["blueprint", "desk_pages"]


@blueprint.get("/campaigns")
@allow(Who.ANYONE)
def campaigns() -> str:
    """All that were published, those under way first."""
    at = clock.now()
    with reading() as session:
        shown = queries.published(session)
        far = queries.progress_of(session, shown)
    found = [(one, queries.phase_of(one, at), far[one.id]) for one in shown]
    order = {Phase.RUNNING: 0, Phase.COMING: 1, Phase.CLOSED: 2}
    lines = sorted(found, key=lambda line: order[line[1]])
    return render_template("campaigns/index.html", lines=lines, carried=_carried(""))


@blueprint.get("/campaigns/<slug>")
@allow(Who.ANYONE)
def campaign(slug: str) -> str:
    """A campaign's page. It stays when the campaign is over."""
    own = current_user.reader_id if current_user.is_authenticated else None
    with reading() as session:
        found = _published(session, slug)
        gave = own is not None and queries.gave(session, found, own)
        return render_template(
            "campaigns/campaign.html", gave=gave, carried=_carried(slug), **desk_pages.shown(session, found, clock.now())
        )


@blueprint.get("/campaigns/<slug>/thanks")
@allow(Who.ANYONE)
def thanks(slug: str) -> str:
    """For those who gave: in the browser that paid (`session_id`), or signed in."""
    with reading() as session:
        found = _published(session, slug)
        choice = queries.choice_of(session, found.id, _giver(session, found))
    wall = "no" if choice is None or not choice.wall else "named" if choice.name else "unnamed"
    form = ChoiceForm(
        formdata=None, wall=wall, name=choice.name if choice else "", letters=choice.letters if choice else False
    )
    return render_template("campaigns/thanks.html", campaign=found, form=form, session_id=_session_id())


@blueprint.post("/campaigns/<slug>/thanks")
@allow(Who.ANYONE)
def choose(slug: str) -> Response | tuple[str, int]:
    """Keep what they wish."""
    form = ChoiceForm()
    with reading() as session:
        found = _published(session, slug)
        reader_id = _giver(session, found)
    name = " ".join((form.name.data or "").split())
    if form.wall.data == "named" and not name:
        form.validate()
        form.name.errors = [gettext("Please write how we shall call you, or choose to stand there without a name.")]
    if form.name.errors or not form.validate():
        return render_template("campaigns/thanks.html", campaign=found, form=form, session_id=_session_id()), 422
    with transaction() as session:
        heard = actions.choose(
            session, found, reader_id, wall=form.wall.data != "no", name=name if form.wall.data == "named" else "",
            letters=bool(form.letters.data), words=str(form.letters.label.text), at=clock.now(),
        )  # fmt: skip
    flash(gettext("Kept. You can change it whenever you like."))
    if not heard:
        flash(gettext("You have stopped letters about campaigns. They come again once you allow them in your preferences."))
    return redirect(f"/campaigns/{slug}", 303)  # type: ignore[return-value]


@blueprint.app_template_global("campaign_thanks")
def campaign_thanks(code: str | None, session_id: str) -> str | None:
    """Where whoever paid says whether they wish to be thanked in public; None where the code names no campaign."""
    if not code:
        return None
    with reading() as session:
        found = queries.campaign_at(session, code)
    there = found is not None and found.published_at is not None
    return f"/campaigns/{code}/thanks?{urlencode({'session_id': session_id})}" if there else None


def _published(session: Session, slug: str) -> Campaign:
    found = queries.campaign_at(session, slug)
    if found is None or found.published_at is None:
        raise NotFound()
    return found


def _session_id() -> str:
    return (request.values.get("session_id") or "")[:255]


def _giver(session: Session, campaign: Campaign) -> int:
    """Whoever is asking and has given: this very browser's payment, else the reader who is signed in.

    Raises `NothingGiven`.
    """
    checkout = checkout_by_session(session, _session_id()) if _session_id() else None
    own = checkout.reader_id if checkout and _is_of(session, checkout, campaign) else None
    reader_id = own or (current_user.reader_id if current_user.is_authenticated else None)
    if reader_id is None or not queries.gave(session, campaign, reader_id):
        raise NothingGiven()
    return int(reader_id)


def _is_of(session: Session, checkout: Checkout, campaign: Campaign) -> bool:
    touch = session.get(CheckoutTouch, checkout.id)
    return checkout.browser_hash == browser_hash() and touch is not None and touch.campaign == campaign.slug


def _carried(slug: str) -> str:
    """What the buttons' addresses carry along: how somebody came, and now the campaign (the last touch)."""
    carried = touches.carry(article_asked(), campaign=slug)
    return f"?{urlencode({'article': carried})}" if carried else ""

"""/staff/campaigns: writing a campaign, looking at it as readers will, publishing it, closing it, and its wall."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template
from flask_babel import get_locale, gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.campaigns import actions, queries
from membership.campaigns.forms import CampaignForm
from membership.campaigns.models import Campaign
from membership.campaigns.room import blueprint
from membership.db import reading, transaction
from membership.giving.rules import offered
from membership.money import Money
from membership.newsroom import queries as newsroom
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow

MOST = 2**63 - 1
Answer = Response | str | tuple[str, int]


def shown(session: Session, campaign: Campaign, at: datetime) -> dict[str, Any]:
    """What a campaign's page shows."""
    return {
        "campaign": campaign,
        "phase": queries.phase_of(campaign, at),
        "far": queries.progress(session, campaign),
        "cap": None if campaign.match_cap is None else Money(campaign.match_cap, campaign.currency),
        "milestones": queries.milestones_of(session, campaign.id),
        "wall": queries.wall(session, campaign),
    }


@blueprint.get("/staff/campaigns")
@allow(Who.staff("viewer"))
def staff_campaigns() -> str:
    """All of them, and how far they are."""
    at = clock.now()
    with reading() as session:
        every = queries.campaigns(session)
        far = queries.progress_of(session, every)
    lines = [(one, queries.phase_of(one, at), far[one.id]) for one in every]
    return render_template("campaigns/desk.html", lines=lines)


@blueprint.get("/staff/campaigns/new")
@allow(Who.staff("manager"))
def new_campaign() -> str:
    """An empty form."""
    return _page(CampaignForm(formdata=None), None)


@blueprint.post("/staff/campaigns/new")
@allow(Who.staff("manager"))
def draft_campaign() -> Answer:
    """A draft."""
    return _keep(None)


@blueprint.get("/staff/campaigns/<int:campaign_id>")
@allow(Who.staff("manager"))
def staff_campaign(campaign_id: int) -> str:
    """A campaign to be changed, with what can be done with it."""
    with reading() as session:
        campaign = _found(session, campaign_id)
        milestones = [row.percent for row in queries.milestones_of(session, campaign.id)]
        form = CampaignForm.written(campaign, milestones, _zone(session))
    return _page(form, campaign)


@blueprint.post("/staff/campaigns/<int:campaign_id>")
@allow(Who.staff("manager"))
def change_campaign(campaign_id: int) -> Answer:
    """Keep what was changed."""
    return _keep(campaign_id)


@blueprint.get("/staff/campaigns/<int:campaign_id>/preview")
@allow(Who.staff("viewer"))
def preview_campaign(campaign_id: int) -> str:
    """The page as readers see it, or will."""
    with reading() as session:
        campaign = _found(session, campaign_id)
        return render_template(
            "campaigns/campaign.html", preview=True, gave=False, carried="", **shown(session, campaign, clock.now())
        )


@blueprint.post("/staff/campaigns/<int:campaign_id>/<any(publication, closing, discarding):deed>")
@allow(Who.staff("manager"))
def do_with_campaign(campaign_id: int, deed: str) -> Response:
    """Publish it, close it before its time, throw a draft away."""
    by, at, key = current_user.reader_id, clock.now(), min(campaign_id, MOST)
    with transaction() as session:
        if deed == "publication":
            actions.publish(session, key, by=by, at=at)
        elif deed == "closing":
            actions.close(session, key, by=by, at=at)
        else:
            actions.discard(session, key, by=by, at=at)
    return redirect("/staff/campaigns", 303)  # type: ignore[return-value]


@blueprint.post("/staff/campaigns/<int:campaign_id>/wall/<int:reader_id>/hiding")
@allow(Who.staff("manager"))
def hide_name(campaign_id: int, reader_id: int) -> Response:
    """Take a name off the wall."""
    key, who = min(campaign_id, MOST), min(reader_id, MOST)
    with transaction() as session:
        actions.hide(session, key, who, by=current_user.reader_id, at=clock.now())
    flash(gettext("The name is off the wall."))
    return redirect(f"/staff/campaigns/{key}", 303)  # type: ignore[return-value]


def _found(session: Session, campaign_id: int) -> Campaign:
    campaign = session.get(Campaign, min(campaign_id, MOST))
    if campaign is None:
        raise NotFound()
    return campaign


def _keep(campaign_id: int | None) -> Answer:
    form = CampaignForm()
    campaign = None
    if campaign_id is not None:
        with reading() as session:
            campaign = _found(session, campaign_id)
    if not form.validate():
        return _page(form, campaign), 422
    by, at = current_user.reader_id, clock.now()
    try:
        with transaction() as session:
            if campaign is None:
                offered(str(form.currency.data), newsroom.coffees(session))
            said = form.said(_zone(session), str(get_locale() or "en"))
            if campaign is None:
                kept = actions.draft(session, said, by=by, at=at)
            else:
                kept = actions.change(session, campaign.id, said, by=by, at=at)
    except Refused as refused:
        if refused.status == 404:
            raise
        form.show(refused, "goal")
        return _page(form, campaign), refused.status
    flash(gettext("Saved."))
    return redirect(f"/staff/campaigns/{kept.id}", 303)  # type: ignore[return-value]


def _zone(session: Session) -> str:
    own = newsroom.current(session)
    return own.time_zone if own else "UTC"


def _page(form: CampaignForm, campaign: Campaign | None) -> str:
    with reading() as session:
        own, codes = newsroom.current(session), list(newsroom.coffees(session))
        wall = queries.on_wall(session, campaign) if campaign else []
        phase = queries.phase_of(campaign, clock.now()) if campaign else None
    if form.currency.data and form.currency.data not in codes:
        codes.append(str(form.currency.data))
    form.currency.choices = [SelectChoice(code) for code in codes]
    form.currency.data = form.currency.data or (own.currency if own else "EUR")
    return render_template("campaigns/edit.html", form=form, campaign=campaign, phase=phase, wall=wall)

"""/staff/tiers: the memberships on offer, their words, order and prices."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.desk import tier_acts
from membership.desk.room import blueprint
from membership.desk.tier_forms import TierForm, tier_form
from membership.money import Money
from membership.newsroom.queries import coffees
from membership.web.access import Who, allow

Answer = Response | str | tuple[str, int]


@blueprint.get("/staff/tiers")
@allow(Who.staff("manager"))
def tiers() -> str:
    """Those on offer in their order, then those that are not."""
    with reading() as session:
        lines = tier_acts.tier_lines(session)
    return render_template("desk/tiers.html", lines=lines)


@blueprint.get("/staff/tiers/new")
@allow(Who.staff("manager"))
def new_tier() -> str:
    """A form for one more."""
    cups = _coffees()
    return _form(tier_form(cups), cups)


@blueprint.post("/staff/tiers/new")
@allow(Who.staff("manager"))
def make_tier() -> Answer:
    """One more, last in order."""
    cups = _coffees()
    form = tier_form(cups)
    prices = _read(form, cups)
    if form.errors:
        return _form(form, cups), 422
    with transaction() as session:
        tier_acts.make_tier(
            session, name=_name(form), blurb=_blurb(form), prices=prices, by=current_user.reader_id, at=clock.now()
        )
    return _done(gettext("The membership is on offer."))


@blueprint.get("/staff/tiers/<int:tier_id>")
@allow(Who.staff("manager"))
def tier(tier_id: int) -> str:
    """One, to be changed."""
    cups = _coffees()
    with reading() as session:
        line = tier_acts.tier_line(session, tier_id)
    return _form(tier_form(cups, line.prices, name=line.tier.name, blurb=line.tier.blurb), cups, line)


@blueprint.post("/staff/tiers/<int:tier_id>")
@allow(Who.staff("manager"))
def change_tier(tier_id: int) -> Answer:
    """Its words and prices as changed; running memberships keep theirs."""
    cups = _coffees()
    with reading() as session:
        line = tier_acts.tier_line(session, tier_id)
    form = tier_form(cups)
    prices = _read(form, cups)
    if form.errors:
        return _form(form, cups, line), 422
    with transaction() as session:
        tier_acts.change_tier(
            session, tier_id, name=_name(form), blurb=_blurb(form), prices=prices, codes=set(cups),
            by=current_user.reader_id, at=clock.now(),
        )  # fmt: skip
    return _done(gettext("Saved. Whoever has this membership already keeps their price."))


@blueprint.post("/staff/tiers/<int:tier_id>/<any(up, down, archive, offer):deed>")
@allow(Who.staff("manager"))
def do_with_tier(tier_id: int, deed: str) -> Response:
    """Its place in the order, or whether it is on offer."""
    by, at = current_user.reader_id, clock.now()
    with transaction() as session:
        if deed == "archive":
            tier_acts.archive_tier(session, tier_id, by=by, at=at)
        elif deed == "offer":
            tier_acts.offer_tier_again(session, tier_id, by=by, at=at)
        else:
            tier_acts.move_tier(session, tier_id, up=deed == "up", by=by, at=at)
    return redirect("/staff/tiers", 303)  # type: ignore[return-value]


def _coffees() -> dict[str, Money]:
    with reading() as session:
        return coffees(session)


def _read(form: TierForm, cups: dict[str, Money]) -> tier_acts.Prices:
    form.validate()
    return form.prices(cups)


def _name(form: TierForm) -> str:
    return " ".join(str(form.name.data).split())


def _blurb(form: TierForm) -> str:
    return " ".join((form.blurb.data or "").split())


def _done(words: str) -> Response:
    flash(words)
    return redirect("/staff/tiers", 303)  # type: ignore[return-value]


def _form(form: TierForm, cups: dict[str, Money], line: tier_acts.TierLine | None = None) -> str:
    return render_template("desk/tier.html", form=form, codes=list(cups), line=line, path=request.path)

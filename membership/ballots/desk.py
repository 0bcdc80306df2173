"""Staff's pages about ballots: announcing, opening, calling off. Staff see of an open ballot what everybody sees."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from membership import clock, db
from membership.ballots import actions, crowding, observing, queries
from membership.ballots.eligibility import rule_of
from membership.ballots.forms import BallotForm, CancellationForm, ExtensionForm, WithdrawalForm
from membership.ballots.pages import blueprint, secret
from membership.ballots.rules import CannotChange, local_moment
from membership.memberships.queries import open_tiers
from membership.newsroom import queries as newsroom_queries
from membership.refusals import NotFound, Refused
from membership.topics.queries import TopicLine, on_ballot_choices
from membership.web.access import Who, allow


@blueprint.get("/staff/ballots")
@allow(Who.staff("editor"))
def desk() -> str:
    """All ballots, and the form for a new one."""
    return _desk(BallotForm(formdata=None))


def _desk(form: BallotForm) -> str:
    at = clock.now()
    with db.reading() as session:
        ballots = queries.listed(session, "draft", "open", "final", "void")
        rows = [(ballot, queries.phase_of(ballot, at), queries.turnout(ballot)) for ballot in ballots]
        choices, tiers = _choices(session, None), open_tiers(session)
    return render_template(
        "ballots/desk.html", rows=rows, choices=choices, tiers=tiers, form=form, costs=form.numbers("cost"),
        weights=form.numbers("weight"),
    )  # fmt: skip


def _choices(session: Session, ballot_id: int | None) -> list[TopicLine]:
    """What can be put on this ballot, or on a new one."""
    elsewhere = queries.asked_elsewhere(session, ballot_id)
    return [line for line in on_ballot_choices(session) if line.id not in elsewhere]


@blueprint.post("/staff/ballots")
@allow(Who.staff("editor"))
def draft() -> Any:
    """Announce a ballot, and open it if it is to open at once."""
    form, at = BallotForm(), clock.now()
    if not form.validate():
        return _desk(form), 422
    try:
        with db.transaction() as session:
            zone = _zone(session)
            opens_at = at if form.opens.data == "now" else local_moment(form.opens_at.data, zone, field="opens_at")
            ballot = actions.announce(
                session, opens_at=opens_at, closes_at=local_moment(form.closes_at.data, zone, field="closes_at"),
                by=current_user.reader_id, attempt=form.attempt.data, secret=secret(), at=at, **form.what(),
            )  # fmt: skip
    except Refused as refused:
        form.show(refused, "sources" if refused.field == "weights" else "title")
        return _desk(form), 422
    flash(_("The ballot is open.") if ballot.status == "open" else _("The ballot is announced."))
    return redirect(f"/staff/ballots/{ballot.id}", 303)


@blueprint.get("/staff/ballots/<int:ballot_id>")
@allow(Who.staff("editor"))
def manage(ballot_id: int) -> str:
    """One ballot."""
    return _manage(ballot_id)


def _zone(session: Session) -> str:
    newsroom = newsroom_queries.current(session)
    return newsroom.time_zone if newsroom else "UTC"


def _manage(
    ballot_id: int,
    form: CancellationForm | None = None,
    *,
    extension: ExtensionForm | None = None,
    withdrawal: WithdrawalForm | None = None,
) -> str:
    with db.reading() as session:
        ballot = queries.ballot_by_id(session, ballot_id)
        if ballot is None:
            raise NotFound()
        return render_template(
            "ballots/manage.html", ballot=ballot, phase=queries.phase_of(ballot, clock.now()),
            form=form or CancellationForm(formdata=None), extension=extension or ExtensionForm(formdata=None, prefix="to-"),
            withdrawal=withdrawal or WithdrawalForm(formdata=None, prefix="out-"),
            befell=queries.what_befell(session, ballot_id), options=queries.options_of(session, ballot_id),
            turnout=queries.turnout(ballot), crowds=crowding.crowds(session, ballot_id),
            observers=len(observing.observers(session)), enough=observing.ENOUGH,
        )  # fmt: skip


@blueprint.get("/staff/ballots/<int:ballot_id>/announcement")
@allow(Who.staff("editor"))
def announcement(ballot_id: int) -> str:
    """What was announced, to be changed before the opening."""
    return _announcement(ballot_id, None)


def _announcement(ballot_id: int, form: BallotForm | None) -> str:
    with db.reading() as session:
        ballot = queries.ballot_by_id(session, ballot_id)
        if ballot is None:
            raise NotFound()
        if ballot.status != "draft":
            raise CannotChange()
        options = queries.options_of(session, ballot_id)
        choices, tiers = _choices(session, ballot_id), open_tiers(session)
        zone = ZoneInfo(_zone(session))
    costs, weights = {o.topic_id: o.cost for o in options if o.cost}, rule_of(ballot.rule).weights
    if form is not None:
        costs, weights = form.numbers("cost"), form.numbers("weight")
    return render_template(
        "ballots/change.html", ballot=ballot, form=form or BallotForm.announced(ballot, options, zone), choices=choices,
        tiers=tiers, costs=costs, weights=weights, action=f"/staff/ballots/{ballot_id}/announcement",
    )  # fmt: skip


@blueprint.post("/staff/ballots/<int:ballot_id>/announcement")
@allow(Who.staff("editor"))
def change(ballot_id: int) -> Any:
    """Change what was announced; the log tells it."""
    form = BallotForm()
    if not form.validate():
        return _announcement(ballot_id, form), 422
    try:
        with db.transaction() as session:
            zone = _zone(session)
            changed = actions.change(
                session, ballot_id, opens_at=local_moment(form.opens_at.data, zone, field="opens_at"),
                closes_at=local_moment(form.closes_at.data, zone, field="closes_at"), by=current_user.reader_id,
                secret=secret(), at=clock.now(), **form.what(),
            )  # fmt: skip
    except Refused as refused:
        if refused.status != 422:
            raise
        form.show(refused, "sources" if refused.field == "weights" else "title")
        return _announcement(ballot_id, form), 422
    flash(_("Changed. The ballot's page tells what, and what it was before.") if changed else _("Nothing was changed."))
    return redirect(f"/staff/ballots/{ballot_id}", 303)


@blueprint.post("/staff/ballots/<int:ballot_id>/opening")
@allow(Who.staff("editor"))
def open_now(ballot_id: int) -> Any:
    """Open an announced ballot before its time."""
    with db.transaction() as session:
        actions.open_ballot(session, ballot_id, secret=secret(), at=clock.now(), by=current_user.reader_id)
    flash(_("The ballot is open."))
    return redirect(f"/staff/ballots/{ballot_id}", 303)


@blueprint.post("/staff/ballots/<int:ballot_id>/extension")
@allow(Who.staff("editor"))
def extend(ballot_id: int) -> Any:
    """Let an open ballot close later."""
    form = ExtensionForm(prefix="to-")
    if not form.validate():
        return _manage(ballot_id, extension=form), 422
    try:
        with db.transaction() as session:
            to = local_moment(form.closes_at.data, _zone(session), field="closes_at")
            actions.extend(
                session,
                ballot_id,
                to=to,
                notice=form.public_notice.data or "",
                by=current_user.reader_id,
                at=clock.now(),
            )
    except Refused as refused:
        if refused.status != 422:
            raise
        form.show(refused, "closes_at")
        return _manage(ballot_id, extension=form), 422
    flash(_("The ballot closes later now, and its page says so."))
    return redirect(f"/staff/ballots/{ballot_id}", 303)


@blueprint.post("/staff/ballots/<int:ballot_id>/withdrawal")
@allow(Who.staff("editor"))
def withdraw_option(ballot_id: int) -> Any:
    """Strike a topic out of an open ballot."""
    form = WithdrawalForm(prefix="out-")
    if not form.validate():
        return _manage(ballot_id, withdrawal=form), 422
    try:
        with db.transaction() as session:
            actions.withdraw_option(
                session, ballot_id, form.position.data, reason=form.reason.data or "", by=current_user.reader_id,
                at=clock.now(),
            )  # fmt: skip
    except Refused as refused:
        if refused.status != 422:
            raise
        form.show(refused, "reason")
        return _manage(ballot_id, withdrawal=form), 422
    flash(_("The topic is struck out, and the ballot's page says why."))
    return redirect(f"/staff/ballots/{ballot_id}", 303)


@blueprint.post("/staff/ballots/<int:ballot_id>/cancellation")
@allow(Who.staff("editor"))
def cancel(ballot_id: int) -> Any:
    """Call a ballot off."""
    form = CancellationForm()
    try:
        with db.transaction() as session:
            actions.cancel(session, ballot_id, by=current_user.reader_id, reason=form.reason.data or "", at=clock.now())
    except Refused as refused:
        if refused.status != 422:
            raise  # nothing that a field could mend
        form.show(refused, "reason")
        return _manage(ballot_id, form), 422
    flash(_("The ballot is cancelled, and its page says why."))
    return redirect(f"/staff/ballots/{ballot_id}", 303)

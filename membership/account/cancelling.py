"""Ending a membership at its period's end, and taking that back: two clicks, and only what Stripe confirmed is told."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account import actions, queries
from membership.account.forms import LeavingForm
from membership.account.queries import MembershipLine
from membership.account.room import blueprint
from membership.account.rules import NotAccepted, NothingToCancel, StaysAsItIs
from membership.db import reading, transaction
from membership.gateway import client as gateway
from membership.gateway.looking import look_again
from membership.gateway.readings import SubscriptionReading
from membership.memberships.models import Membership
from membership.perks.queries import grants_of
from membership.web.access import Who, allow
from membership.web.errors import words_of


@blueprint.get("/account/membership/cancellation")
@allow(Who.READERS)
def ask() -> str:
    """Until when everything stays, and one button."""
    return _page(_line(ending=False))


@blueprint.post("/account/membership/cancellation")
@allow(Who.READERS)
def cancel() -> Response | tuple[str, int]:
    """End the membership at its period's end. Sent twice, it is cancelled once. A reason is kept if one was given; nothing
    about it can stand in the way."""
    line, form = _line(ending=False), LeavingForm()
    try:
        after = _tell_stripe(line, cancel=True, reason=form.reason.data, words=form.words.data or "")
    except StaysAsItIs as refused:
        return _page(line, trouble=words_of(refused)), refused.status
    if after.ends_at is None:
        flash(
            gettext(
                "Our payment processor has not confirmed the cancellation, so your membership goes on. Please try again."
            ),
            "bad",
        )
    return redirect("/account/membership", 303)


@blueprint.post("/account/membership/cancellation/withdrawal")
@allow(Who.READERS)
def withdraw() -> Response:
    """Take a cancellation back: the membership goes on as before."""
    after = _tell_stripe(_line(ending=True), cancel=False)
    if after.ends_at is None:
        flash(gettext("Your membership goes on. Thank you for staying with us."))
    else:
        flash(gettext("Our payment processor has not taken the cancellation back yet. Please try again."), "bad")
    return redirect("/account/membership", 303)


def _tell_stripe(line: MembershipLine, *, cancel: bool, reason: str | None = None, words: str = "") -> Membership:
    """Network first, then what was answered. Raises `StaysAsItIs`, `NotAccepted`."""
    try:
        answered: SubscriptionReading = gateway.schedule_cancellation(line.subscription_id, cancel=cancel)
    except (gateway.StripeUnreachable, gateway.StripeRefuses, gateway.StripeGone) as error:
        # The request may have arrived although its answer did not: the worker looks what is true.
        with transaction() as session:
            look_again(session, line.subscription_id, at=clock.now())
        raise (StaysAsItIs() if isinstance(error, gateway.StripeUnreachable) else NotAccepted()) from error
    with transaction() as session:
        membership = actions.follow_cancellation(session, answered, taken_back=not cancel, at=clock.now())
        if membership.ends_at is not None:
            actions.keep_reason(session, membership, reason=reason, words=words, at=clock.now())
        return membership


def _line(*, ending: bool) -> MembershipLine:
    asked = request.values.get("membership", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    if asked and number is None:
        raise NothingToCancel()
    with reading() as session:
        line = queries.line_to_change(session, current_user.reader_id, number, at=clock.now(), ending=ending)
    if line is None:
        raise NothingToCancel()
    return line


def _page(line: MembershipLine, *, trouble: str = "") -> str:
    with reading() as session:
        grants = grants_of(session, current_user.reader_id)
    form = LeavingForm()
    return render_template("account/cancellation.html", line=line, form=form, grants=grants, trouble=trouble)

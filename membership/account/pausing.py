"""/account/membership/pause: no payments for one to six months, by Stripe's own pause; and going on before its end."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response

from membership import clock
from membership.account.asking import check, line_asked, tell_stripe
from membership.account.forms import PauseForm
from membership.account.queries import MembershipLine
from membership.account.room import blueprint
from membership.account.rules import PAUSE_MONTHS, RESUME_BEFORE, OnlyMonthly, next_payment_after
from membership.gateway import changing
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of


@blueprint.get("/account/membership/pause")
@allow(Who.READERS)
def pause() -> str:
    """For how long, and what a pause means."""
    line = line_asked()
    return _page(line, PauseForm(months=1, membership=str(line.id)))


@blueprint.post("/account/membership/pause")
@allow(Who.READERS)
def begin_pause() -> Response | tuple[str, int]:
    """Pause it. Sent twice, it is paused once: the second finds it paused."""
    line, form = line_asked(), PauseForm()
    if not form.validate():
        return _page(line, form), 422
    try:
        ends_at = _check(line)
        until = next_payment_after(ends_at, int(form.months.data)) - RESUME_BEFORE
        key = f"paused:{line.subscription_id}:{until:%Y-%m-%d}"
        after = tell_stripe(line, lambda: changing.pause(line.subscription_id, until), key=key)
    except Refused as refused:
        form.show(refused, "months")
        return _page(line, form), refused.status
    if after.paused:
        flash(gettext("Your membership is paused."))
    return redirect("/account/membership", 303)


@blueprint.post("/account/membership/pause/end")
@allow(Who.READERS)
def end_pause() -> Response:
    """Go on before the pause is over: payments are made again from the next usual day on."""
    line = line_asked()
    if line.paused:
        key = f"resumed:{line.subscription_id}:{clock.now():%Y-%m-%d}"
        after = tell_stripe(line, lambda: changing.resume(line.subscription_id), key=key)
        if not after.paused:
            flash(gettext("Your membership goes on. Thank you."))
    return redirect("/account/membership", 303)


def _check(line: MembershipLine) -> datetime:
    """The end of the period that is running. Raises `NotNow`, `OnlyMonthly`."""
    check(line)
    if line.interval != "month" or line.renews_at is None:
        raise OnlyMonthly()
    return line.renews_at


def _page(line: MembershipLine, form: PauseForm) -> str:
    trouble, moments = "", {}
    try:
        moments = {months: next_payment_after(_check(line), months) for months in PAUSE_MONTHS}
    except Refused as refused:
        trouble = words_of(refused)
    return render_template("account/pause.html", line=line, form=form, trouble=trouble, moments=moments)

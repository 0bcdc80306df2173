"""/staff/settings/payments: what payers may add for the fee. Each section is a form of its own."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.desk.payment_forms import FeesForm, fees_form
from membership.desk.room import blueprint
from membership.giving.fees import fee_rates, replace_fee_rates
from membership.newsroom.queries import coffees
from membership.readers import trail
from membership.web.access import Who, allow

ADDRESS = "/staff/settings/payments"
Answer = Response | str | tuple[str, int]


@blueprint.get(ADDRESS)
@allow(Who.staff("manager"))
def payments() -> str:
    """All sections as they stand."""
    return _page()


@blueprint.post(ADDRESS + "/fees")
@allow(Who.staff("manager"))
def change_fees() -> Answer:
    """What a payment costs, in each currency in which covering that is offered."""
    form, codes = _fees_form()
    form.validate()
    rates = form.rates(codes)
    if form.errors:
        return _page((form, codes)), 422
    with transaction() as session:
        changed = replace_fee_rates(session, rates)
        if changed:
            trail.note(
                session, actor_id=current_user.reader_id, action="fees:changed", object="newsroom/1", at=clock.now(),
                rates=changed,
            )  # fmt: skip
    return _saved()


def _saved() -> Response:
    flash(gettext("Saved."))
    return redirect(ADDRESS, 303)  # type: ignore[return-value]


def _fees_form() -> tuple[FeesForm, list[str]]:
    with reading() as session:
        codes, standing = list(coffees(session)), fee_rates(session)
    return fees_form(standing, codes), codes


def _page(fees: tuple[FeesForm, list[str]] | None = None) -> str:
    form, codes = fees or _fees_form()
    return render_template("desk/payments.html", fees=form, codes=codes)

"""/staff/settings/payments: what payers may add for the fee, limits, the guard's numbers. Each section is a form."""

from __future__ import annotations

from dataclasses import asdict

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.desk.payment_forms import (
    FIGURE_WORDS,
    LIMIT_WORDS,
    FeesForm,
    FiguresForm,
    fees_form,
    field_name,
    figures_form,
)
from membership.desk.room import blueprint
from membership.giving.fees import fee_rates, replace_fee_rates
from membership.giving.guard_rules import Figures
from membership.newsroom.queries import coffees
from membership.readers import trail
from membership.web.access import Who, allow
from membership.web.limits import STAFF_MAY_CHANGE, choose_figures, chosen_figures

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


@blueprint.post(ADDRESS + "/figures")
@allow(Who.staff("manager"))
def change_figures() -> Answer:
    """Limits, and the numbers of the guard against card testing."""
    form = _figures_form()
    if not form.validate():
        return _page(numbers=form), 422
    with transaction() as session:
        changed = choose_figures(session, form.values(), _own_figures())
        if changed:
            trail.note(
                session, actor_id=current_user.reader_id, action="figures:changed", object="newsroom/1", at=clock.now(),
                figures=changed,
            )  # fmt: skip
    return _saved()


def _own_figures() -> dict[str, int]:
    """The house's own numbers."""
    return {limit.scope: limit.most for limit in STAFF_MAY_CHANGE} | asdict(Figures())


def _figures_form() -> FiguresForm:
    with reading() as session:
        return figures_form(_own_figures() | chosen_figures(session))


def _saved() -> Response:
    flash(gettext("Saved."))
    return redirect(ADDRESS, 303)  # type: ignore[return-value]


def _fees_form() -> tuple[FeesForm, list[str]]:
    with reading() as session:
        codes, standing = list(coffees(session)), fee_rates(session)
    return fees_form(standing, codes), codes


def _page(fees: tuple[FeesForm, list[str]] | None = None, numbers: FiguresForm | None = None) -> str:
    form, codes = fees or _fees_form()
    return render_template(
        "desk/payments.html",
        fees=form,
        codes=codes,
        numbers=numbers or _figures_form(),
        guard_fields=[field_name(name) for name in FIGURE_WORDS],
        limit_fields=[field_name(name) for name in LIMIT_WORDS],
    )

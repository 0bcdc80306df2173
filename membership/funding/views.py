"""/funding for everybody, the name that a giver agrees to, and the desk's page about both."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Length

from membership import clock
from membership.db import reading, transaction
from membership.funding import actions, queries
from membership.funding.models import FundingName
from membership.funding.room import blueprint
from membership.giving.rules import offered
from membership.money import check_bounds, read_amount
from membership.newsroom import queries as newsroom
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.forms import Form

NAME_LENGTH = 100
Answer = Response | str | tuple[str, int]


class NameForm(Form):
    """How a giver may be called on the page."""

    name = StringField(
        _l("Your name, as it may stand there (empty: no name)"), [Length(max=NAME_LENGTH)],
        render_kw={"autocomplete": "name"},
    )  # fmt: skip


class LimitForm(Form):
    """From which sum on givers are named."""

    amount = StringField(
        _l("From which sum on"), [DataRequired(_l("Please write an amount.")), Length(max=20)],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "class": "short"},
    )  # fmt: skip
    currency = SelectField(_l("Currency"), validate_choice=False)


@blueprint.get("/funding")
@allow(Who.ANYONE)
def funding() -> str:
    """How we are paid for."""
    with reading() as session:
        found = queries.funding(session, clock.now())
        spending = newsroom.page(session, "money")
    return render_template("funding/funding.html", found=found, spending=spending)


@blueprint.get("/funding/name")
@allow(Who.READERS)
def own_name() -> str:
    """What the signed-in reader agreed to."""
    with reading() as session:
        row = session.get(FundingName, current_user.reader_id)
        form, least = NameForm(formdata=None, name=row.name if row else ""), queries.limit(session)
    return render_template("funding/name.html", form=form, least=least)


@blueprint.post("/funding/name")
@allow(Who.READERS)
def agree() -> Answer:
    """Agree, or take it back."""
    form = NameForm()
    if not form.validate():
        with reading() as session:
            return render_template("funding/name.html", form=form, least=queries.limit(session)), 422
    name = " ".join((form.name.data or "").split())
    with transaction() as session:
        actions.agree(session, current_user.reader_id, name, at=clock.now())
    flash(gettext("You are named if you give that much.") if name else gettext("You are not named."))
    return redirect("/funding", 303)  # type: ignore[return-value]


@blueprint.get("/staff/funding")
@allow(Who.staff("manager"))
def staff_funding() -> str:
    """The limit, and who gave that much."""
    with reading() as session:
        least = queries.limit(session)
        return _page(session, LimitForm(formdata=None, amount=least.typed(), currency=least.currency))


@blueprint.post("/staff/funding")
@allow(Who.staff("manager"))
def set_limit() -> Answer:
    """Another limit."""
    form = LimitForm()
    try:
        with transaction() as session:
            if not form.validate():
                return _page(session, form), 422
            code = offered(str(form.currency.data), newsroom.coffees(session))
            least = check_bounds(read_amount(form.amount.data or "", code), locale=str(get_locale() or "en"))
            actions.set_limit(session, least, by=current_user.reader_id, at=clock.now())
    except Refused as refused:
        form.show(refused, "amount")
        with reading() as session:
            return _page(session, form), refused.status
    flash(gettext("Saved."))
    return redirect("/staff/funding", 303)  # type: ignore[return-value]


@blueprint.post("/staff/funding/<int:reader_id>/name")
@allow(Who.staff("manager"))
def note_name(reader_id: int) -> Response:
    """Somebody agreed in writing to be named (or, with an empty name, took it back)."""
    name = " ".join(request.form.get("name", "").split())[:NAME_LENGTH]
    with transaction() as session:
        by = current_user.reader_id
        actions.agree(session, min(reader_id, 2**63 - 1), name, at=clock.now(), noted_by=by)
    flash(gettext("Kept."))
    return redirect("/staff/funding", 303)  # type: ignore[return-value]


def _page(session: Session, form: LimitForm) -> str:
    form.currency.choices = [SelectChoice(code) for code in newsroom.coffees(session)]
    return render_template("funding/desk.html", form=form, large=queries.large_givers(session, clock.now()))

"""/give: a one-time gift."""

from __future__ import annotations

from flask import redirect, render_template, request
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership.gateway import client as gateway
from membership.giving import bank_pages, guard_pages, paying, way_pages
from membership.giving.forms import GiveForm
from membership.giving.room import blueprint
from membership.giving.rules import donation, presets
from membership.money import NotAnAmount
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.browser import browser_hash

__all__ = ["bank_pages", "blueprint", "guard_pages", "way_pages"]

AMOUNT_MISSING = lazy_gettext("Please choose an amount or write your own.")


@blueprint.get("/give")
@allow(Who.ANYONE)
def give() -> str:
    """The form for a one-time gift."""
    form = GiveForm(article=paying.article_asked())
    browser_hash()  # the mark is made with the form, so that two clicks at once carry the same one
    if current_user.is_authenticated:
        form.email.data = current_user.email
    return _page(form, request.args.get("currency"))


@blueprint.post("/give")
@allow(Who.ANYONE)
def begin() -> Response | tuple[str, int]:
    """On to the hosted page, or the form again with a word beside what is not right."""
    form = GiveForm()
    coffees, code = paying.coffees_and_currency(form.currency.data)
    valid = form.validate()
    try:
        typed = form.amount.data or form.preset.data or ""
        if not typed:
            raise NotAnAmount(str(AMOUNT_MISSING))
        amount = donation(typed, form.currency.data or code, coffees, locale=paying.language())
        if not valid:
            return _page(form, code), 422
        url = paying.send_to_stripe(
            form,
            kind="donation",
            amount=amount,
            details=(),
            back=paying.back_to("/give", form),
            prepare=lambda _session, _checkout: None,
            fee_may_be_covered=True,
            open_page=lambda request_: gateway.open_donation_checkout(
                request_, name=gettext("A gift to open reporting")
            ),
        )
    except Refused as refused:
        form.show(refused, "amount")
        form.renew_after(refused)
        return _page(form, code), refused.status
    return redirect(url, 303)


def _page(form: GiveForm, wish: str | None) -> str:
    coffees, code = paying.coffees_and_currency(wish)
    amounts = presets(coffees[code])
    form.currency.choices = [SelectChoice(offered) for offered in coffees]
    form.currency.data = code
    form.preset.choices = [SelectChoice(money.typed(), money.written(paying.language())) for money in amounts]
    if form.preset.data not in {money.typed() for money in amounts} and not form.amount.data:
        form.preset.data = amounts[1].typed()
    return render_template(
        "giving/give.html",
        form=form,
        coffee=coffees[code],
        currencies=list(coffees),
        currency=code,
        fees=paying.fee_examples(code, amounts),
    )

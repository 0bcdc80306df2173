"""The first run: the operator, who holds the token that the console prints, says whose site this is."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.desk import actions
from membership.desk.actions import FirstRun
from membership.desk.forms import SetupForm
from membership.desk.room import blueprint
from membership.gateway import client as gateway
from membership.newsroom import defaults
from membership.newsroom.queries import current
from membership.newsroom.rules import AlreadySetUp, check_setup_token, read_sites
from membership.refusals import N_, Refused
from membership.web.access import Who, allow


class KeyRefused(Refused):
    """Stripe knows no such key."""

    status = 502
    words = N_(
        "Stripe does not accept the key in STRIPE_SECRET_KEY, or it is a restricted key that may not read its own "
        "account. Nothing was stored. Please look at the key in Stripe's dashboard, set it, start again, and come back."
    )


class StripeSilent(Refused):
    """No answer, so nobody knows whether the key is right."""

    status = 503
    words = N_(
        "Stripe does not answer, so the key could not be checked. Nothing was stored. What you typed is still here; "
        "please try again in a minute."
    )


@blueprint.get("/setup")
@allow(Who.ANYONE)
def setup() -> str:
    """The operator's first form, with good defaults."""
    _only_before_the_first_run()
    return _page(SetupForm())


@blueprint.post("/setup")
@allow(Who.ANYONE)
def set_up() -> Response | tuple[str, int]:
    """Check the token, the form and the Stripe key; then write everything at once."""
    _only_before_the_first_run()
    form = SetupForm()
    form.validate()
    tiers = form.tiers()
    try:
        check_setup_token(form.token.data or "", current_app.config["MEMBERSHIP"].secret_key)
        if form.errors:
            return _page(form), 422
        account = _stripe_account()
    except Refused as refused:
        form.show(refused, "token")
        return _page(form), refused.status
    first = FirstRun(
        about=form.about(),
        origins=read_sites(form.sites.data or ""),
        coffees=defaults.COFFEES,
        tiers=tiers,
        admin_email=str(form.admin_email.data),
        admin_name=str(form.admin_name.data),
    )
    with transaction() as session:
        actions.open_newsroom(session, first, at=clock.now())
    flash(gettext("%(name)s is open. Payments go to the Stripe account %(account)s. Now sign in as %(admin)s.",
                  name=first.about.name, account=account, admin=first.admin_email))  # fmt: skip
    return redirect("/sign-in?next=/staff/", 303)  # type: ignore[return-value]


def _only_before_the_first_run() -> None:
    with reading() as session:
        if current(session) is not None:
            raise AlreadySetUp()


def _stripe_account() -> str:
    try:
        return gateway.account_name()
    except gateway.StripeUnreachable:
        raise StripeSilent() from None
    except (gateway.StripeRefuses, gateway.StripeGone):
        raise KeyRefused() from None


def _page(form: SetupForm) -> str:
    return render_template("desk/setup.html", form=form, numbers=range(1, len(defaults.TIERS) + 1))

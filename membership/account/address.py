"""/account/address: letters go elsewhere from now on, once the new address has confirmed it."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account.forms import AddressForm
from membership.account.room import blueprint
from membership.db import reading, transaction
from membership.jobs.queue import post
from membership.readers import moving
from membership.readers.models import Person
from membership.readers.proving import require_recent
from membership.readers.rules import email_key
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.limits import SIGN_IN_PER_ADDRESS, Limit, count_against

CHANGES_PER_READER = Limit("address/reader", 5, timedelta(days=1))


@blueprint.get("/account/address")
@allow(Who.READERS)
def address() -> Response | str | tuple[str, int]:
    """The address as it is, and a form for another one, for who has just proven who they are."""
    return require_recent() or render_template("account/address.html", form=AddressForm())


@blueprint.post("/account/address")
@allow(Who.READERS)
def ask_for_address() -> Response | tuple[str, int]:
    """Write to the new address, and to the old one. Nothing changes before the new one has confirmed it."""
    if unproven := require_recent():
        return unproven
    form = AddressForm()
    if not form.validate():
        return render_template("account/address.html", form=form), 422
    at, email = clock.now(), str(form.email.data)
    try:
        count_against((CHANGES_PER_READER, str(current_user.reader_id)), (SIGN_IN_PER_ADDRESS, email_key(email)), at=at)
        with transaction() as session:
            moving.ask(session, session.get_one(Person, current_user.reader_id), email, at=at)
    except Refused as refused:
        form.show(refused, "email")
        return render_template("account/address.html", form=form), refused.status
    flash(
        gettext(
            "We have written to %(address)s. Your address changes when you open the link in that letter.", address=email
        )
    )
    return redirect("/account/address", 303)  # type: ignore[return-value]


@blueprint.get("/account/address/<token>")
@allow(Who.READERS)
def confirm_address(token: str) -> str:
    """A button. Opening a link changes nothing: mail programs open links by themselves."""
    with reading() as session:
        change = moving.open_change(session, token, current_user.reader_id, at=clock.now())
    return render_template("account/address_confirm.html", email=change.email, token=token)


@blueprint.post("/account/address/<token>")
@allow(Who.READERS)
def change_address(token: str) -> Response:
    """Letters go to the new address from now on; other browsers are signed out."""
    reader_id, at = current_user.reader_id, clock.now()
    with transaction() as session:
        moving.confirm(session, token, reader_id, keeping=current_user.token, at=at)
        post(session, "account.tell_stripe", f"account.tell_stripe:{reader_id}", {"reader": reader_id}, due_at=at)
    flash(gettext("Your address has changed. Both addresses get a letter that says so."))
    return redirect("/account/preferences", 303)  # type: ignore[return-value]

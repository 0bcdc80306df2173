"""A reader's own pages. Every query names the signed-in reader: what is somebody else's does not exist here."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account import (
    actions,
    address,
    cancelling,
    card,
    changing,
    gift_pages,
    given_pages,
    group_pages,
    merging_pages,
    papers,
    patron_money,
    patron_pages,
    pausing,
    queries,
)
from membership.account.forms import PreferencesForm
from membership.account.room import blueprint
from membership.account.taking_part import taking_part
from membership.db import reading, transaction
from membership.giving.guarding import person_key
from membership.giving.queries import payments_of, waiting_once
from membership.giving.statements import years_of
from membership.giving.went_back import went_back
from membership.languages import LANGUAGES
from membership.mail.bounces import lift, standing_bounce
from membership.memberships.gift_queries import gifts_by
from membership.memberships.given_queries import given_to
from membership.memberships.group_queries import seats_of_reader
from membership.money import Money
from membership.newsroom import queries as newsroom
from membership.newsroom.marks import back_to
from membership.perks.queries import grants_of
from membership.readers.wishes import SORTS, wishes
from membership.refusals import Refused
from membership.web.access import Who, allow

__all__ = [
    "address",
    "blueprint",
    "cancelling",
    "card",
    "changing",
    "gift_pages",
    "given_pages",
    "group_pages",
    "merging_pages",
    "papers",
    "patron_money",
    "patron_pages",
    "pausing",
]

LAST_PAYMENTS = 3


@blueprint.get("/account")
@allow(Who.READERS)
def overview() -> str:
    """Everything at a glance: standing, what to vote on, perks, the last payments."""
    reader_id, at = current_user.reader_id, clock.now()
    with reading() as session:
        last = payments_of(session, reader_id)[:LAST_PAYMENTS]
        values = {
            "part": taking_part(session, reader_id, at),
            "lines": queries.membership_lines(session, reader_id, at),
            "given": given_to(session, reader_id, at),
            "gifts": gifts_by(session, reader_id),
            "seats": seats_of_reader(session, reader_id, at),
            "grants": grants_of(session, reader_id),
            "payments": last,
            "back": went_back(session, [payment.id for payment, _receipt in last]),
            "read_on": _read_on(newsroom.sites(session)) if current_user.has_standing else None,
            "waiting_once": waiting_once(session, reader_id, person_key(current_user.email)),
            "bounce": standing_bounce(session, reader_id, current_user.email),
        }
    return render_template("account/overview.html", money_of=money_of, **values)


def _read_on(sites: list[str]) -> str | None:
    """The newsroom's first site, with the mark by which it thanks a patron instead of asking."""
    return back_to(sites[0], clock.now(), current_app.config["MEMBERSHIP"].secret_key) if sites else None


@blueprint.get("/account/membership")
@allow(Who.READERS)
def membership() -> str:
    """How the membership stands, and how to end it."""
    reader_id, at = current_user.reader_id, clock.now()
    with reading() as session:
        values = {
            "lines": queries.membership_lines(session, reader_id, at),
            "given": given_to(session, reader_id, at),
            "gifts": gifts_by(session, reader_id),
            "seats": seats_of_reader(session, reader_id, at),
        }
    return render_template("account/membership.html", **values)


@blueprint.get("/account/payments")
@allow(Who.READERS)
def payments() -> str:
    """Every payment with its receipt."""
    with reading() as session:
        rows = payments_of(session, current_user.reader_id)
        back = went_back(session, [payment.id for payment, _receipt in rows])
        waiting = waiting_once(session, current_user.reader_id, person_key(current_user.email))
        own = newsroom.current(session)
        years = years_of(session, current_user.reader_id, own.time_zone if own else "UTC")
    values = {"payments": rows, "back": back, "waiting_once": waiting, "years": years}
    return render_template("account/payments.html", money_of=money_of, **values)


@blueprint.get("/account/preferences")
@allow(Who.READERS)
def preferences() -> str:
    """Name, language, and which letters are welcome."""
    with reading() as session:
        letters = wishes(session, current_user.reader_id)
    form = PreferencesForm(formdata=None, name=current_user.name, language=current_user.language, **letters)
    return _preferences(form)


@blueprint.post("/account/preferences")
@allow(Who.READERS)
def prefer() -> Response | tuple[str, int]:
    """Keep them, or say what does not fit."""
    form = PreferencesForm()
    if not form.validate():
        return _preferences(form), 422
    letters = {sort: bool(form[sort].data) for sort in SORTS}
    name, language = form.name.data or "", form.language.data or LANGUAGES[0]
    try:
        with transaction() as session:
            actions.prefer(
                session, current_user.reader_id, name=name, language=language, letters=letters, at=clock.now()
            )
    except Refused as refused:
        form.show(refused, "name")
        return _preferences(form), refused.status
    flash(gettext("Your preferences are kept."))
    return redirect("/account/preferences", 303)


@blueprint.post("/account/address/works")
@allow(Who.READERS)
def address_works() -> Response:
    """The reader says that letters arrive again."""
    with transaction() as session:
        lift(session, current_user.reader_id, at=clock.now())
    flash(gettext("Thank you. From now on we write to you there again."))
    return redirect("/account", 303)


def _preferences(form: PreferencesForm) -> str:
    return render_template("account/preferences.html", form=form, languages=LANGUAGES, sorts=SORTS)


def money_of(row: object, minor: int | None = None) -> Money:
    """The amount of a payment's row, or so much of it."""
    return Money(row.amount if minor is None else minor, row.currency)  # type: ignore[attr-defined]

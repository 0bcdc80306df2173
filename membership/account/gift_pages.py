"""/account/gifts: what a reader gave away and what became of it; /staff/gifts: everybody's."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account.forms import GiftLetterForm
from membership.account.list_pages import asked_for, note_search
from membership.account.patrons import LARGEST_KEY
from membership.account.room import blueprint
from membership.db import reading, transaction
from membership.memberships import gifts
from membership.memberships.gift_queries import find_gifts, gifts_by, own_gift
from membership.readers.rules import email_key
from membership.refusals import NotFound
from membership.web.access import Who, allow
from membership.web.browser import client_address
from membership.web.limits import CHECKOUTS_PER_ADDRESS, GIFT_LETTERS_PER_CLIENT, count_against


@blueprint.get("/account/gifts")
@allow(Who.READERS)
def gifts_given() -> str:
    """The memberships this reader gave away, with the link of those that nobody has claimed."""
    return _page(GiftLetterForm())


@blueprint.post("/account/gifts/<int:gift_id>/letter")
@allow(Who.READERS)
def send_gift(gift_id: int) -> Response | tuple[str, int]:
    """Send a gift's link again, or to another address."""
    form, at = GiftLetterForm(), clock.now()
    if not form.validate():
        return _page(form, about=gift_id), 422
    email = str(form.email.data)
    with reading() as session:
        found = own_gift(session, current_user.reader_id, min(gift_id, LARGEST_KEY))
    if found is None:
        raise NotFound()
    count_against((GIFT_LETTERS_PER_CLIENT, client_address()), (CHECKOUTS_PER_ADDRESS, email_key(email)), at=at)
    with transaction() as session:
        gifts.address_to(session, found.id, email, at=at)
    flash(gettext("The letter with the gift is on its way to %(address)s.", address=email))
    return redirect("/account/gifts", 303)  # type: ignore[return-value]


@blueprint.get("/staff/gifts")
@allow(Who.staff("manager"))
def staff_gifts() -> str:
    """The gifts that nobody has claimed, or all of them, by who gave, got or claimed one."""
    asked = asked_for()
    with reading() as session:
        lines, more = find_gifts(session, asked.sought, waiting=not asked.all, before=asked.beyond)
    note_search(asked, len(lines))
    return render_template("account/staff_gifts.html", lines=lines, more=more, asked=asked)


def _page(form: GiftLetterForm, *, about: int | None = None) -> str:
    with reading() as session:
        lines = gifts_by(session, current_user.reader_id)
    return render_template("account/gifts.html", lines=lines, form=form, about=about)

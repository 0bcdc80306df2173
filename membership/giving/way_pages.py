"""/ways as readers see it, /staff/ways where staff say what it shows, and gifts that came another way."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import segno
from flask import flash, redirect, render_template
from flask_babel import get_locale, gettext
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.db import reading, transaction
from membership.giving import way_acts
from membership.giving.paying import article_asked
from membership.giving.room import blueprint
from membership.giving.rules import attempt_key
from membership.giving.way_forms import WAY_WORDS, GiftForm, WaysForm
from membership.giving.way_lists import gifts
from membership.giving.way_models import OtherWays
from membership.giving.way_rules import (
    InTheFuture,
    epc_payload,
    grouped,
    read_bic,
    read_iban,
    read_link,
    read_links,
)
from membership.money import CURRENCIES, check_counted, read_amount
from membership.newsroom import defaults
from membership.newsroom import queries as newsroom
from membership.refusals import Refused
from membership.web.access import Who, allow

LINKS = ("share", "volunteer", "shop")
"""What /ways shows as links of the staff's choosing."""
Answer = Response | str | tuple[str, int]


@blueprint.get("/ways")
@allow(Who.ANYONE)
def other_ways() -> str:
    """Other ways to support. The article somebody came from is carried along."""
    article = article_asked()
    with reading() as session:
        found, text = way_acts.ways(session), newsroom.page(session, "ways")
    words = text.text if text else defaults.page_text("ways")
    return render_template(
        "newsroom/ways.html", text=words, article=article, ways=found, grouped=grouped, picture=_qr(found),
        links={name: read_links(getattr(found, name), field=name) for name in LINKS},
    )  # fmt: skip


def _qr(ways: OtherWays) -> Markup | None:
    """The transfer as a picture for a bank's app; the words beside it say the same."""
    if not (ways.iban and ways.holder):
        return None
    code = segno.make_qr(epc_payload(holder=ways.holder, iban=ways.iban, bic=ways.bic), error="m", encoding="utf-8")
    drawn = code.svg_inline(scale=4, border=4, dark="#000", light="#fff", title=gettext("QR code for a bank transfer"))
    return Markup(drawn)  # noqa: S704 - drawn by us; what staff typed is in its squares only


@blueprint.get("/staff/ways")
@allow(Who.staff("manager"))
def staff_ways() -> str:
    """What /ways shows, and the gifts that were recorded."""
    with reading() as session:
        form = WaysForm(obj=way_acts.ways(session))
    return _page(form)


@blueprint.post("/staff/ways")
@allow(Who.staff("manager", fresh=True))
def change_ways() -> Answer:
    """Where money may go from now on."""
    form = WaysForm()
    if not form.validate():
        return _page(form), 422
    values = {name: (form[name].data or "").strip() for name in way_acts.FIELDS}
    try:
        values |= {
            "iban": read_iban(values["iban"]), "bic": read_bic(values["bic"]), "paypal": read_link(values["paypal"])
        }  # fmt: skip
        for name in LINKS:
            read_links(values[name], field=name)
    except Refused as refused:
        form.show(refused, "iban")
        return _page(form), refused.status
    with transaction() as session:
        way_acts.change_ways(session, values, by=current_user.reader_id, at=clock.now())
    flash(gettext("Saved."))
    return redirect("/staff/ways", 303)  # type: ignore[return-value]


@blueprint.get("/staff/ways/gifts/new")
@allow(Who.staff("manager"))
def new_gift() -> str:
    """A form for a gift that came another way."""
    return _gift_page(GiftForm())


@blueprint.post("/staff/ways/gifts/new")
@allow(Who.staff("manager", fresh=True))
def record_gift() -> Answer:
    """Into the books, with a receipt. The same form sent twice is one gift."""
    form = GiftForm()
    if not form.validate():
        return _gift_page(form), 422
    try:
        gift = _gift(form)
    except Refused as refused:
        form.show(refused, "amount")
        return _gift_page(form), refused.status
    with transaction() as session:
        payment = way_acts.record_gift(session, gift, by=current_user.reader_id, at=clock.now())
    flash(gettext("The gift stands in the books.") if payment else gettext("This gift had been recorded before."))
    return redirect("/staff/ways", 303)  # type: ignore[return-value]


@blueprint.post("/staff/ways/gifts/<int:payment_id>/undoing")
@allow(Who.staff("manager", fresh=True))
def undo_gift(payment_id: int) -> Response:
    """Recorded by mistake, or sent back by hand."""
    with transaction() as session:
        way_acts.undo_gift(session, min(payment_id, 2**63 - 1), by=current_user.reader_id, at=clock.now())
    flash(gettext("Taken out of the books again; its receipt is void."))
    return redirect("/staff/ways", 303)  # type: ignore[return-value]


def _gift(form: GiftForm) -> way_acts.Gift:
    amount = check_counted(read_amount(str(form.amount.data), str(form.currency.data)), locale=str(get_locale() or "en"))
    assert form.paid_on.data is not None
    paid_at = datetime.combine(form.paid_on.data, time(12), ZoneInfo(_zone()))
    if form.paid_on.data > clock.now().astimezone(ZoneInfo(_zone())).date():
        raise InTheFuture()
    return way_acts.Gift(
        key=attempt_key(str(form.attempt.data), "gift"), way=str(form.way.data), amount=amount, paid_at=paid_at,
        name=" ".join(str(form.name.data).split()), email=form.email.data or "", reference=form.reference.data or "",
    )  # fmt: skip


def _zone() -> str:
    with reading() as session:
        own = newsroom.current(session)
    return own.time_zone if own else "UTC"


def _page(form: WaysForm) -> str:
    with reading() as session:
        recorded = gifts(session)
    return render_template("giving/staff_ways.html", form=form, gifts=recorded, words=WAY_WORDS)


def _gift_page(form: GiftForm) -> str:
    with reading() as session:
        own, offered = newsroom.current(session), list(newsroom.coffees(session))
    form.currency.choices = [SelectChoice(code) for code in [*offered, *(c for c in CURRENCIES if c not in offered)]]
    form.currency.data = form.currency.data or (own.currency if own else "EUR")
    return render_template("giving/other_gift.html", form=form)

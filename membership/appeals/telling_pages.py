"""/tell: links, pictures and a poster to pass the newsroom or one of its articles on, and thanks to whoever did."""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import segno
from flask import current_app, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from membership import clock
from membership.appeals import telling
from membership.appeals.poster import poster
from membership.appeals.room import blueprint
from membership.db import reading, transaction
from membership.giving.models import Checkout
from membership.giving.queries import checkout_by_session
from membership.newsroom import queries as newsroom
from membership.newsroom.rules import canonical_article
from membership.refusals import NotFound
from membership.web.access import Who, allow
from membership.web.browser import browser_hash
from membership.web.forms import Form
from membership.web.locale import get_locale

PRINTED = {"border": 4, "dark": "#000", "light": "#fff"}


class NameForm(Form):
    """What the newcomer wishes to be called; empty is as good."""

    name = StringField("", validators=[Length(max=60)], render_kw={"autocomplete": "given-name"})


@dataclass(frozen=True)
class Passed:
    """What is passed on: the link (with one's own code, if there is one), what it is called, and the article or ''."""

    link: str
    title: str
    article: str
    code: str | None
    name: str


@blueprint.get("/tell")
@allow(Who.ANYONE)
def tell() -> str:
    """Links to send, a picture to print, and, for readers who want it, a code of their own and whom it brought."""
    passed = _passed()
    own = current_user.reader_id if current_user.is_authenticated else None
    with reading() as session:
        brought = telling.brought_by(session, own) if own and passed.code else []
    words = gettext("I read %(name)s, which is open to everybody and carried by its readers.", name=passed.name)
    subject = quote(passed.title)
    return render_template(
        "appeals/tell.html",
        passed=passed,
        ways=telling.ways_to_tell(passed.link, words),
        mail=f"mailto:?subject={subject}&body={quote(words + chr(10) + chr(10) + passed.link)}",
        brought=brought,
        picture=Markup(_qr(passed.link).svg_inline(scale=5, title=gettext("QR code of this link"), **PRINTED)),  # noqa: S704
        carried=f"?{urlencode({'article': passed.article})}" if passed.article else "",
    )


@blueprint.get("/tell/qr.svg")
@allow(Who.ANYONE)
def tell_qr() -> Response:
    """The link as a picture for print, of any size."""
    drawn = io.BytesIO()
    _qr(_passed().link).save(drawn, kind="svg", scale=10, **PRINTED)
    answer = make_response(drawn.getvalue())
    answer.content_type = "image/svg+xml"
    answer.headers["Content-Disposition"] = 'attachment; filename="qr.svg"'
    return answer


@blueprint.get("/tell/poster.pdf")
@allow(Who.ANYONE)
def tell_poster() -> Response:
    """A page to pin up: what we do, what it costs, and where it leads."""
    passed = _passed()
    with reading() as session:
        us = newsroom.current(session)
    assert us is not None, "the set-up comes first"
    made = poster(
        language=str(get_locale() or "en"), name=us.name, tagline=us.tagline or us.mission, accent=us.accent,
        title=passed.title if passed.article else "", link=passed.link,
    )  # fmt: skip
    answer = make_response(made)
    answer.content_type = "application/pdf"
    answer.headers["Content-Disposition"] = 'attachment; filename="poster.pdf"'
    return answer


@blueprint.post("/tell/code")
@allow(Who.READERS)
def make_code() -> Response:
    """A code of one's own."""
    with transaction() as session:
        telling.make_code(session, current_user.reader_id, at=clock.now())
    return redirect("/tell", 303)  # type: ignore[return-value]


@blueprint.post("/tell/code/end")
@allow(Who.READERS)
def end_code() -> Response:
    """No code any more."""
    with transaction() as session:
        telling.end_code(session, current_user.reader_id)
    flash(gettext("Your code is gone, and with it who was brought by it."))
    return redirect("/tell", 303)  # type: ignore[return-value]


@blueprint.get("/tell/thanks")
@allow(Who.ANYONE)
def tell_thanks() -> str:
    """In the browser that paid: whether whoever passed the link on should hear of it."""
    session_id = request.args.get("session_id", "")[:255]
    with reading() as session:
        checkout = _own_checkout(checkout_by_session(session, session_id))
        if telling.bringer_of(session, checkout) is None:
            raise NotFound()
    return render_template("appeals/tell_thanks.html", form=NameForm(), session_id=session_id)


@blueprint.post("/tell/thanks")
@allow(Who.ANYONE)
def thank() -> Response | tuple[str, int]:
    """Let them know, once."""
    form, session_id = NameForm(), request.form.get("session_id", "")[:255]
    if not form.validate():
        return render_template("appeals/tell_thanks.html", form=form, session_id=session_id), 422
    with transaction() as session:
        checkout = _own_checkout(checkout_by_session(session, session_id))
        told = telling.tell_bringer(session, checkout, form.name.data or "", at=clock.now())
    flash(gettext("They will see it the next time they look. Thank you.") if told else gettext("They know already."))
    return redirect("/welcome?" + urlencode({"session_id": session_id}), 303)  # type: ignore[return-value]


def _own_checkout(checkout: Checkout | None) -> Checkout:
    """The checkout that this very browser began. Raises `NotFound`."""
    if checkout is None or checkout.browser_hash != browser_hash():
        raise NotFound()
    return checkout


def _passed() -> Passed:
    """The support page, or the article of ours that is asked for."""
    base = str(current_app.config["MEMBERSHIP"].base_url)
    own = current_user.reader_id if current_user.is_authenticated else None
    with reading() as session:
        us, sites = newsroom.current(session), newsroom.sites(session)
        article = canonical_article(request.args.get("article", ""), set(sites)) or ""
        known = newsroom.article_at(session, article) if article else None
        code = telling.code_of(session, own) if own else None
    assert us is not None, "the set-up comes first"
    title = (known.title if known else "") or us.name
    return Passed(telling.link_to(article or f"{base}/", code), title, article, code, us.name)


def _qr(link: str) -> segno.QRCode:
    return segno.make_qr(link, error="m")

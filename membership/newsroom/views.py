"""The newsroom's colours, and the pages that carry its staff's texts."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, make_response, render_template
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading
from membership.newsroom import defaults
from membership.newsroom.queries import contact_points, current, page
from membership.newsroom.rules import accent_sheet, security_txt
from membership.web.access import Who, allow
from membership.web.keeping import TERMS, terms_kept

blueprint = Blueprint("newsroom", __name__)


@blueprint.get("/theme.css")
@allow(Who.ANYONE)
def theme() -> Response:
    """The accent colour, and a lighter shade of it for dark screens."""
    with reading() as session:
        newsroom = current(session)
    accent = newsroom.accent if newsroom else defaults.ACCENT
    answer = make_response(accent_sheet(accent))
    answer.content_type = "text/css; charset=utf-8"
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@blueprint.get("/terms")
@allow(Who.ANYONE)
def terms() -> str:
    """What somebody agrees to who pays."""
    return render_template("newsroom/terms.html", text=_text("terms"))


@blueprint.get("/privacy")
@allow(Who.ANYONE)
def privacy() -> str:
    """What is kept about readers, and why."""
    with reading() as session:
        kept = terms_kept(session)
    return render_template("newsroom/privacy.html", text=_text("privacy"), terms=TERMS, kept=kept)


@blueprint.get("/contact")
@allow(Who.ANYONE)
def contact() -> str:
    """How to reach the newsroom."""
    return render_template("newsroom/contact.html", text=_text("contact"))


@blueprint.get("/accessibility")
@allow(Who.ANYONE)
def accessibility() -> str:
    """How far everybody can use these pages, what is missing, and whom to tell."""
    with reading() as session:
        named = contact_points(session).get("accessibility")
    return render_template("newsroom/accessibility.html", address=named.address if named else None)


@blueprint.get("/.well-known/security.txt")
@allow(Who.ANYONE)
def security() -> Response:
    """Whom to tell of a hole in the security (RFC 9116)."""
    with reading() as session:
        newsroom, named = current(session), contact_points(session).get("security")
    if newsroom is None:
        abort(404)
    base_url = current_app.config["MEMBERSHIP"].base_url
    address, until = (named.address, named.until) if named else (newsroom.contact_email, None)
    languages = (newsroom.language, "en")
    words = security_txt(address, until=until, languages=languages, base_url=base_url, at=clock.now())
    answer = Response(words, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


def _text(slug: str) -> str:
    with reading() as session:
        found = page(session, slug)
    return found.text if found else defaults.page_text(slug)

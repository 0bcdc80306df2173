"""`/`: the support page; `/embed/appeal`: the appeal beneath an article, in a frame on the newsroom's own sites."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import current_app, make_response, render_template, request
from flask_babel import force_locale
from werkzeug.wrappers import Response

from membership import clock
from membership.appeals import ballot_pages, queries
from membership.appeals.room import blueprint
from membership.db import reading
from membership.giving.paying import coffees_and_currency
from membership.newsroom import queries as newsroom
from membership.web.access import Who, allow
from membership.web.locale import LANGUAGES
from membership.web.security import framed_by

__all__ = ["ballot_pages", "blueprint"]

ADDRESS_LIMIT = 2000
WORTH_COUNTING = 25
"""From so many patrons on, the support page says how many there are."""


@blueprint.get("/")
@allow(Who.ANYONE)
def support() -> str:
    """What the newsroom does, what it asks for, and what patrons decided."""
    coffees, code = coffees_and_currency(request.args.get("currency"))
    at = clock.now()
    with reading() as session:
        count = queries.patrons(session, at)
        return render_template(
            "appeals/support.html",
            coffee=coffees.get(code),
            patrons=count if count >= WORTH_COUNTING else None,
            ballots=queries.open_ballots(session, at),
            kept=queries.kept(session),
            under_way=queries.under_way(session),
            spending=newsroom.page(session, "money"),
        )


@blueprint.get("/embed/appeal")
@allow(Who.ANYONE)
def appeal() -> Response:
    """The appeal as a page for a frame: no cookie is read or set, so that any cache may keep it for five minutes.

    The article's address is only handed on; whether it is one of ours is decided when somebody pays.
    """
    coffees, code = coffees_and_currency(None)
    with reading() as session:
        us, sites = newsroom.current(session), newsroom.sites(session)
    assert us is not None, "the set-up comes first"
    language = request.accept_languages.best_match(LANGUAGES) or us.language
    # Rendered past the context processors and with the language given: both would look into the session.
    with force_locale(language):
        page = current_app.jinja_env.get_template("appeals/appeal.html").render(
            newsroom=us, language=language, coffee=coffees.get(code), links=_links(request.args.get("article", ""))
        )
    framed_by(sites)
    answer = make_response(page)
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.headers["Vary"] = "Accept-Language"
    answer.add_etag()
    return answer.make_conditional(request)


def _links(article: str) -> dict[str, str]:
    """Where the appeal's buttons lead, on our own site and with the article carried along."""
    base = current_app.config["MEMBERSHIP"].base_url
    carried = "?" + urlencode({"article": article}) if article and len(article) <= ADDRESS_LIMIT else ""
    return {"join": f"{base}/join{carried}", "ways": f"{base}/ways{carried}"}

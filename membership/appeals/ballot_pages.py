"""`/embed/ballot/<slug>`: a ballot as a small card for a frame on the newsroom's own sites; the vote itself opens on ours."""

from __future__ import annotations

from flask import current_app, make_response, request
from flask_babel import force_locale
from werkzeug.wrappers import Response

from membership import clock
from membership.appeals.room import blueprint
from membership.ballots import queries as ballots
from membership.db import reading
from membership.newsroom import queries as newsroom
from membership.refusals import NotFound
from membership.web.access import Who, allow
from membership.web.locale import LANGUAGES
from membership.web.security import framed_by


@blueprint.get("/embed/ballot/<slug>")
@allow(Who.ANYONE)
def ballot(slug: str) -> Response:
    """The question, how many options, how many took part (rounded), and when it closes. No cookie is read or set."""
    at = clock.now()
    with reading() as session:
        found = ballots.ballot_at(session, slug)
        if found is None:
            raise NotFound()
        us, sites = newsroom.current(session), newsroom.sites(session)
        options, turnout = len(ballots.options_of(session, found.id)), ballots.turnout(found)
        phase = ballots.phase_of(found, at)
    assert us is not None, "the set-up comes first"
    language = request.accept_languages.best_match(LANGUAGES) or us.language
    # Rendered past the context processors and with the language given: both would look into the session.
    with force_locale(language):
        page = current_app.jinja_env.get_template("appeals/ballot.html").render(
            newsroom=us, language=language, ballot=found, options=options, turnout=turnout, phase=phase,
            address=f"{current_app.config['MEMBERSHIP'].base_url}/ballots/{found.slug}",
        )  # fmt: skip
    framed_by(sites)
    answer = make_response(page)
    answer.headers["Cache-Control"] = "public, max-age=60"
    answer.headers["Vary"] = "Accept-Language"
    answer.add_etag()
    return answer.make_conditional(request)

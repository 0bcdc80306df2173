"""`/embed/ballot/<slug>`: a ballot as a small card for a frame on the newsroom's own sites; the vote itself opens on ours."""

from __future__ import annotations

from flask import current_app, request
from flask_babel import force_locale
from werkzeug.wrappers import Response

from membership import clock
from membership.appeals.embed_pages import (
    address_of_sheet,
    face_now,
    frame_script,
    kept_page,
    tag_of,
    wishes_of,
)
from membership.appeals.room import blueprint
from membership.appeals.rules import language_for
from membership.appeals.shelf import Face
from membership.ballots import queries as ballots
from membership.db import reading
from membership.languages import LANGUAGES, direction
from membership.refusals import NotFound
from membership.web.access import Who, allow


@blueprint.get("/embed/ballot/<slug>")
@allow(Who.ANYONE)
def ballot(slug: str) -> Response:
    """The question, how many options, how many took part (rounded), and when it closes; a minute old at most."""
    face, minute = face_now(), int(clock.now().timestamp()) // 60
    wishes = wishes_of(request.headers.get("Accept-Language", ""), request.args.get("lang", "")[:35])
    language = language_for(wishes, LANGUAGES, face.language)
    answer = kept_page(face, ("ballot", slug, language, minute), lambda: _page(face, slug, language))
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


def _page(face: Face, slug: str, language: str) -> str:
    at = clock.now()
    with reading() as session:
        found = ballots.ballot_at(session, slug)
        if found is None:
            raise NotFound()
        options, turnout = len(ballots.options_of(session, found.id)), ballots.turnout(found)
        phase = ballots.phase_of(found, at)
    # Rendered past the context processors and with the language given: both would look into the session.
    with force_locale(language):
        return current_app.jinja_env.get_template("appeals/ballot.html").render(
            face=face, language=language, direction=direction(language), styles=address_of_sheet(face),
            script=f"/embed/frame.js?v={tag_of(frame_script())}", ballot=found, options=options, turnout=turnout, phase=phase,
            address=f"{current_app.config['MEMBERSHIP'].base_url}/ballots/{found.slug}",
        )  # fmt: skip

"""`/embed/goal/<campaign>`: how far a campaign is, as a small card for a frame on the newsroom's own sites."""

from __future__ import annotations

from urllib.parse import quote

from flask import current_app, request
from flask_babel import force_locale
from werkzeug.wrappers import Response

from membership import clock
from membership.appeals.embed_pages import (
    CARRIED,
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
from membership.campaigns import queries
from membership.db import reading
from membership.giving import touches
from membership.languages import LANGUAGES, direction
from membership.money import Money
from membership.newsroom.rules import canonical_article
from membership.refusals import NotFound
from membership.web.access import Who, allow


@blueprint.get("/embed/goal/<slug>")
@allow(Who.ANYONE)
def goal(slug: str) -> Response:
    """The title, how far it is, and the way to its page with the article carried along; a minute old at most."""
    face, minute = face_now(), int(clock.now().timestamp()) // 60
    wishes = wishes_of(request.headers.get("Accept-Language", ""), request.args.get("lang", "")[:35])
    language = language_for(wishes, LANGUAGES, face.language)
    article = canonical_article(request.args.get("article", ""), face.sites) or ""
    key = ("goal", slug, language, article, minute)
    answer = kept_page(face, key, lambda: _page(face, slug, language, article, minute))
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


def _page(face: Face, slug: str, language: str, article: str, minute: int) -> str:
    """Read and filled in once a minute, whatever the articles it stands under; the article is put in afterwards."""
    template = face.template(("goal", slug, language, minute), lambda: _made(face, slug, language))
    carried = touches.carry(article, embed="goal", campaign=slug, lang=language)
    return template.replace(CARRIED, quote(carried, safe=""))


def _made(face: Face, slug: str, language: str) -> str:
    at = clock.now()
    with reading() as session:
        found = queries.campaign_at(session, slug)
        if found is None or found.published_at is None:
            raise NotFound()
        far, phase = queries.progress(session, found), queries.phase_of(found, at)
    cap = None if found.match_cap is None else Money(found.match_cap, found.currency)
    # Rendered past the context processors and with the language given: both would look into the session.
    with force_locale(language):
        return current_app.jinja_env.get_template("appeals/goal.html").render(
            face=face, language=language, direction=direction(language), styles=address_of_sheet(face),
            script=f"/embed/frame.js?v={tag_of(frame_script())}", campaign=found, far=far, phase=phase, cap=cap,
            address=f"{current_app.config['MEMBERSHIP'].base_url}/campaigns/{found.slug}?article={CARRIED}",
        )  # fmt: skip

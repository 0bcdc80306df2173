"""`/oembed`: what a site needs to show a ballot, a campaign or the appeal from its mere address (oEmbed 1.0, oembed.com)."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, jsonify, request
from markupsafe import escape
from werkzeug.wrappers import Response

from membership.appeals.embed_pages import face_now
from membership.appeals.room import blueprint
from membership.ballots import queries as ballots
from membership.campaigns.queries import campaign_at
from membership.db import reading
from membership.refusals import N_, NotFound, Refused
from membership.web.access import Who, allow
from membership.web.security import framed_by

WIDTH, HEIGHT = 600, 420


class OnlyJson(Refused):
    """oEmbed asks for 501 when a format is not spoken here."""

    status = 501
    words = N_("This answers in JSON only.")


@blueprint.get("/oembed")
@allow(Who.ANYONE)
def oembed() -> Response:
    """A frame for the address asked about: `/ballots/<slug>`, `/campaigns/<slug>`, or `/` for the appeal.

    Any site may ask, ours may frame.
    """
    if request.args.get("format", "json") != "json":
        raise OnlyJson()
    face, base = face_now(), str(current_app.config["MEMBERSHIP"].base_url)
    path, title = _embedded(request.args.get("url", ""), base, face.name)
    width = _at_most("maxwidth", WIDTH)
    height = _at_most("maxheight", HEIGHT)
    framed_by([])
    answer = jsonify(
        version="1.0",
        type="rich",
        provider_name=face.name,
        provider_url=base,
        title=title,
        cache_age=3600,
        width=width,
        height=height,
        html=f'<iframe src="{escape(base + path)}" title="{escape(title)}" width="{width}" height="{height}" '
        'frameborder="0" loading="lazy"></iframe>',
    )
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Access-Control-Allow-Origin"] = "*"  # it says what everybody can read, and nothing about who asks
    return answer


def _embedded(address: str, base: str, name: str) -> tuple[str, str]:
    """The frame's path and title for a page of ours. Raises `NotFound`."""
    asked, own = urlsplit(address), urlsplit(base)
    if (asked.scheme, asked.netloc) != (own.scheme, own.netloc):
        raise NotFound()
    if asked.path in {"", "/", "/join"}:
        return "/embed/appeal", name
    folder, _, slug = asked.path.strip("/").partition("/")
    with reading() as session:
        if folder == "ballots" and (ballot := ballots.ballot_at(session, slug)):
            return f"/embed/ballot/{ballot.slug}", ballot.title
        campaign = campaign_at(session, slug) if folder == "campaigns" else None
    if campaign is None or campaign.published_at is None:
        raise NotFound()
    return f"/embed/goal/{campaign.slug}", campaign.title


def _at_most(name: str, usual: int) -> int:
    asked = request.args.get(name, type=int)
    return usual if asked is None or asked < 1 else min(usual, asked)

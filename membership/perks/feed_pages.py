"""Private feeds as feed readers and podcast apps fetch them: by a secret address, without any session."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO

from flask import Response as FlaskResponse
from flask import current_app, request, send_file
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.newsroom import queries as newsroom
from membership.perks import feeds
from membership.perks.room import blueprint
from membership.web.access import Who, allow


@blueprint.get("/perks/feeds/<token>.xml")
@allow(Who.ANYONE)
def feed(token: str) -> Response:
    """The feed. That it was read for the first time is a row of the ledger: a program does it that its patron set up."""
    at, base = clock.now(), current_app.config["MEMBERSHIP"].base_url
    with reading() as session:
        grant, perk = feeds.behind(session, token, at=at)
        entries = feeds.episodes(session, perk.id)
        here = newsroom.current(session)
    if grant.state == "issued":
        with transaction() as session:
            feeds.note_read(session, grant.id, at=at)
    name, language = (here.name, here.language) if here else ("", "en")
    written = feeds.as_xml(perk, entries, own=f"{base}/perks/feeds/{token}", site=base, author=name, language=language)
    answer = Response(written, content_type="application/rss+xml; charset=utf-8")
    answer.set_etag(sha256(written).hexdigest())
    return answer.make_conditional(request)


@blueprint.get("/perks/feeds/<token>/<int:episode_id>.<ending>")
@allow(Who.ANYONE)
def episode_file(token: str, episode_id: int, ending: str) -> FlaskResponse:  # noqa: ARG001 - the ending is for players
    """An entry's file, in parts if the player asks for parts."""
    with reading() as session:
        _, perk = feeds.behind(session, token, at=clock.now())
        file, content = feeds.sound(session, perk.id, episode_id)
    return send_file(
        BytesIO(content), mimetype=file.media_type, download_name=file.name, as_attachment=True, etag=file.sha256,
        conditional=True, last_modified=file.added_at, max_age=0,
    )  # fmt: skip

"""The newsroom's colours."""

from __future__ import annotations

from flask import Blueprint, make_response
from werkzeug.wrappers import Response

from membership.db import reading
from membership.newsroom.queries import current
from membership.web.access import Who, allow

blueprint = Blueprint("newsroom", __name__)

DEFAULT_ACCENT = "#9a3324"


@blueprint.get("/theme.css")
@allow(Who.ANYONE)
def theme() -> Response:
    """The accent colour, and a lighter shade of it for dark screens."""
    with reading() as session:
        newsroom = current(session)
    accent = newsroom.accent if newsroom else DEFAULT_ACCENT
    answer = make_response(
        f":root{{--accent:{accent}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:color-mix(in oklab,{accent},white 55%)}}}}\n"
    )
    answer.content_type = "text/css; charset=utf-8"
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer

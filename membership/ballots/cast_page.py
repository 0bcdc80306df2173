"""The page after casting: the choice, and the code, which is shown there and nowhere else.

All around these is the same for everybody who votes on a ballot in the same minute, and rendered once: the whole template
would cost a vote as much as all of its statements together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from flask import Response, current_app, g, make_response, render_template, session
from flask_babel import force_locale, get_locale
from flask_login import current_user
from markupsafe import escape

from membership.ballots import ways
from membership.ballots.casting import CastVote

_OWN = ("chosen", "written_code", "code", "content", "nonce", "draft")
"""What is each voter's own. In the page around it a name between two NULs stands for it: no text of ours holds one."""
MOST_KNOWN = 64


class Around(NamedTuple):
    """All that the page around depends on; `newsroom` is the row, `staff` whether the masthead leads to the desk."""

    newsroom: Any
    language: str
    staff: bool
    ballot_slug: str
    closes_at: datetime
    changed: bool
    log_length: int
    log_head: str


def around(cast: CastVote, newsroom: Any, language: str, *, staff: bool) -> Around:
    """What surrounds this vote for such a voter."""
    return Around(
        newsroom, language, staff, cast.ballot_slug, cast.closes_at, cast.changed, cast.log_length, cast.log_head
    )


def cast_page(cast: CastVote, draft: str) -> str:
    """The answer to a vote, in HTML. `draft`: the name of this voter's draft in the browser, which is over now."""
    mine = around(cast, g.newsroom, str(get_locale()), staff=current_user.role is not None)
    # A word left for the next page is somebody's own, and said once.
    return filled_in(_render(mine) if "_flashes" in session else _rendered(mine), mine, cast, draft)


def rendered_before(mine: Around) -> str | None:
    """The page around, if it was rendered already; it needs no request to be filled in."""
    return _known.get(mine)


def filled_in(page: str, mine: Around, cast: CastVote, draft: str) -> str:
    """The page around with what is this voter's own."""
    with force_locale(mine.language):
        asking = current_app.jinja_env.get_template("ballots/asking.html").module
        chosen = asking.chosen_list(cast.chosen(), ways.asked_for(cast.method))  # type: ignore[attr-defined]
    own = {
        "chosen": chosen, "written_code": cast.written_code, "code": cast.code, "content": cast.content,
        "nonce": cast.nonce, "draft": draft,
    }  # fmt: skip
    for name in _OWN:
        page = page.replace(f"\0{name}\0", str(escape(own[name])))
    return page


def _render(mine: Around) -> str:
    return render_template("ballots/cast.html", cast=mine, on_roll=True, own={name: f"\0{name}\0" for name in _OWN})


def _rendered(mine: Around) -> str:
    known = _known.get(mine)
    if known is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        known = _known[mine] = _render(mine)
    return known


_known: dict[Around, str] = {}


def private(page: str, status: int = 200) -> Response:
    """A page with a receipt code or a vote: kept by nobody on the way, and not told to the next site."""
    response: Response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response

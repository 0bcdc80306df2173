"""The page after casting: the choice, and the code, which is shown there and nowhere else.

All around these is the same for everybody who votes on a ballot in the same minute, and rendered once: the whole template
would cost a vote as much as all of its statements together.
"""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any, NamedTuple

from flask import current_app, g, render_template, session
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import escape

from membership.ballots import ways
from membership.ballots.casting import CastVote

_OWN = ("chosen", "written_code", "code", "content", "nonce", "draft")
"""What is each voter's own. In the page around it a name between two NULs stands for it: no text of ours holds one."""


class _Around(NamedTuple):
    """All that the page around depends on; `newsroom` is the row, `staff` whether the masthead leads to the desk."""

    newsroom: Any
    language: str
    staff: bool
    ballot_slug: str
    closes_at: datetime
    changed: bool
    log_length: int
    log_head: str


def cast_page(cast: CastVote, draft: str) -> str:
    """The answer to a vote, in HTML. `draft`: the name of this voter's draft in the browser, which is over now."""
    around = _Around(
        g.newsroom, str(get_locale()), current_user.role is not None, cast.ballot_slug, cast.closes_at, cast.changed,
        cast.log_length, cast.log_head,
    )  # fmt: skip
    # A word left for the next page is somebody's own, and said once.
    page = _render(around) if "_flashes" in session else _rendered(around)
    asking = current_app.jinja_env.get_template("ballots/asking.html").module
    own = {
        "chosen": asking.chosen_list(cast.chosen(), ways.asked_for(cast.method)),  # type: ignore[attr-defined]
        "written_code": cast.written_code, "code": cast.code, "content": cast.content, "nonce": cast.nonce,
        "draft": draft,
    }  # fmt: skip
    for name in _OWN:
        page = page.replace(f"\0{name}\0", str(escape(own[name])))
    return page


def _render(around: _Around) -> str:
    return render_template("ballots/cast.html", cast=around, on_roll=True, own={name: f"\0{name}\0" for name in _OWN})


_rendered = functools.lru_cache(maxsize=64)(_render)

"""`/`: the support page. The room's other pages hang themselves on its blueprint."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import render_template, request

from membership import clock
from membership.appeals import (
    ballot_pages,
    desk_pages,
    embed_pages,
    goal_pages,
    oembed_pages,
    queries,
    result_pages,
    telling_pages,
)
from membership.appeals.room import blueprint
from membership.campaigns.queries import progress_of, running
from membership.db import reading
from membership.giving.paying import article_asked, coffees_and_currency
from membership.newsroom import queries as newsroom
from membership.web.access import Who, allow

__all__ = [
    "ballot_pages", "blueprint", "desk_pages", "embed_pages", "goal_pages", "oembed_pages", "result_pages", "telling_pages",
]  # fmt: skip

WORTH_COUNTING = 25
"""From so many patrons on, the support page says how many there are."""


@blueprint.get("/")
@allow(Who.ANYONE)
def support() -> str:
    """What the newsroom does, what it asks for, and what patrons decided."""
    coffees, code = coffees_and_currency(request.args.get("currency"))
    at, came = clock.now(), article_asked()
    with reading() as session:
        count = queries.patrons(session, at)
        under = running(session, at)
        far = progress_of(session, under)
        campaigns = [(one, far[one.id]) for one in under]
        return render_template(
            "appeals/support.html",
            campaigns=campaigns,
            carried=f"?{urlencode({'article': came})}" if came else "",
            coffee=coffees.get(code),
            patrons=count if count >= WORTH_COUNTING else None,
            ballots=queries.open_ballots(session, at),
            kept=queries.kept(session),
            under_way=queries.under_way(session),
            spending=newsroom.page(session, "money"),
        )

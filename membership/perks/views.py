"""The members' link itself: opened by its code, wherever the patron is. The room's other pages stand beside it."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading
from membership.memberships.standing import has_standing
from membership.perks import batch_pages, community_pages, desk_pages, feed_pages, own_pages, queries, thing_pages
from membership.perks.room import blueprint
from membership.perks.rules import LinkRests, NoSuchLink, destination, read_code
from membership.perks.states import LIVE
from membership.web.access import Who, allow

__all__ = ["batch_pages", "blueprint", "community_pages", "desk_pages", "feed_pages", "own_pages", "thing_pages"]


@blueprint.get("/perks/<code>")
@allow(Who.ANYONE)
def open_link(code: str) -> Response:
    """On to where the perk lives, with the personal code; the code is the key, so no sign-in is asked for."""
    known = read_code(code)
    with reading() as session:
        found = queries.grant_by_code(session, known) if known else None
        standing = found is not None and has_standing(session, found[0].reader_id, clock.now())
    if found is None or found[1].kind != "link":
        raise NoSuchLink()
    grant, perk = found
    if not standing or grant.state not in LIVE:
        raise LinkRests()
    return redirect(destination(perk.address, grant.code), 303)


@blueprint.after_request
def keep_the_secret_here(response: Response) -> Response:
    """An address with a secret in it is stored nowhere and named to no other site, also when it is refused."""
    if request.endpoint in {"perks.open_link", "perks.fetch_file", "perks.feed", "perks.episode_file", "perks.badge"}:
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
    return response

"""The room's pages stand beside this; here is what holds for all of them."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from membership.perks import (
    batch_pages,
    community_pages,
    desk_pages,
    discourse_pages,
    door_pages,
    feed_pages,
    link_pages,
    own_pages,
    thing_pages,
)
from membership.perks.room import blueprint

__all__ = [
    "batch_pages", "blueprint", "community_pages", "desk_pages", "discourse_pages", "door_pages", "feed_pages",
    "link_pages", "own_pages", "thing_pages",
]  # fmt: skip
SECRET = frozenset({
    "perks.open_link", "perks.own_link", "perks.fetch_file", "perks.feed", "perks.episode_file", "perks.badge",
})  # fmt: skip


@blueprint.after_request
def keep_the_secret_here(response: Response) -> Response:
    """An address with a secret in it is stored nowhere and named to no other site, also when it is refused."""
    if request.endpoint in SECRET:
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
    return response

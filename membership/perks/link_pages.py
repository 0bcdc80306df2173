"""The members' link: out of a letter by a signed address, without signing in; out of the account at any time."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.perks import keys, ledger, links, provider
from membership.perks.models import PerkGrant
from membership.perks.own_pages import MINE, key
from membership.perks.room import blueprint
from membership.perks.rules import read_code
from membership.web.access import Who, allow


@blueprint.get("/perks/<token>")
@allow(Who.ANYONE)
def open_link(token: str) -> Response:
    """On to where the perk lives; the address is the key. A code alone opens nothing: others see it too."""
    if read_code(token):
        return redirect(MINE, 303)
    return _on(lambda session: links.behind(session, token))


@blueprint.get(f"{MINE}/<int:grant_id>/link")
@allow(Who.READERS)
def own_link(grant_id: int) -> Response:
    """The same from one's own account."""
    return _on(lambda session: ledger.own(session, key(grant_id), current_user.reader_id)[0])


def _on(find: Callable[[Session], PerkGrant]) -> Response:
    with reading() as session:
        signed_before = keys.in_use(session)
    with reading() if signed_before else transaction() as session:  # the first pass ever makes its key
        leads_to = links.way(
            session, find(session), secret=provider.secret(), issuer=provider.issuer(), at=clock.now(), wall=clock.wall()
        )
    return redirect(leads_to, 303)

"""/account/card: which card pays, and changing it, for the signed in. The same way as by a letter's link."""

from __future__ import annotations

from flask import render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account import queries
from membership.account.queries import MembershipLine
from membership.account.room import blueprint
from membership.account.rules import Situation
from membership.db import reading
from membership.dunning.views import to_hosted_page
from membership.giving.queries import payments_of
from membership.memberships.models import Membership
from membership.refusals import NotFound
from membership.web.access import Who, allow


@blueprint.get("/account/card")
@allow(Who.READERS)
def card() -> str:
    """The card of the last payment of each running membership, and a button."""
    with reading() as session:
        lines = _running(queries.membership_lines(session, current_user.reader_id, clock.now()))
        paid = [payment for payment, _ in payments_of(session, current_user.reader_id) if payment.kind == "membership"]
    return render_template("account/card.html", lines=lines, last=paid[0] if paid else None)


@blueprint.post("/account/card")
@allow(Who.READERS)
def change_card() -> Response:
    """On to the hosted page. Only ever for the reader's own membership."""
    asked, at = request.form.get("membership", ""), clock.now()
    with reading() as session:
        lines = _running(queries.membership_lines(session, current_user.reader_id, at))
        line = next((line for line in lines if not asked or str(line.id) == asked), None)
        if line is None:
            raise NotFound()
        membership = session.get_one(Membership, line.id)
    return to_hosted_page(membership, None, cancel_path="/account/card", at=at)


def _running(lines: list[MembershipLine]) -> list[MembershipLine]:
    return [line for line in lines if line.situation is not Situation.ENDED]

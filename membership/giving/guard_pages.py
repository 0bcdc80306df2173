"""/staff/card-testing: whether somebody tries out cards, and who may begin no payment until a person has looked."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.giving import guard_queries, outcomes
from membership.giving.room import blueprint
from membership.web.access import Who, allow


@blueprint.get("/staff/card-testing")
@allow(Who.staff("manager"))
def card_testing() -> str:
    """The wave that runs, the tries of late, and what is suspended."""
    at = clock.now()
    with reading() as session:
        return render_template(
            "giving/card_testing.html",
            guarded=guard_queries.guarded(session, at),
            lately=guard_queries.tally_everywhere(session, since=at - timedelta(hours=1)),
            month=guard_queries.tally_everywhere(session, since=at - guard_queries.MONTH),
            suspensions=guard_queries.suspensions(session),
            waves=guard_queries.waves(session),
            figures=guard_queries.figures(session),
        )


@blueprint.post("/staff/card-testing/suspensions/<int:suspension_id>/lifting")
@allow(Who.staff("manager"))
def lift(suspension_id: int) -> Response:
    """Let somebody begin payments again."""
    with transaction() as session:
        outcomes.lift(session, suspension_id, by=current_user.reader_id, at=clock.now())
    flash(gettext("Lifted. Payments may begin there again."))
    return redirect("/staff/card-testing", 303)  # type: ignore[return-value]

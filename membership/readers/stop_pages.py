"""`/letters/stop/<token>`: stop a sort of letters without signing in, from the letter itself or by the mail program's button.

Opening the address changes nothing, because mail filters open every link; the button does, and so does the one-click POST
that mail programs send (RFC 8058), which carries no token of ours: the signed address is what it may do this by.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request

from membership import clock
from membership.db import reading, transaction
from membership.readers.models import Person
from membership.readers.wishes import SORT_WORDS, read_stop, wish, wishes
from membership.web.access import Who, allow

blueprint = Blueprint("stopping", __name__)


@blueprint.get("/letters/stop/<token>")
@allow(Who.ANYONE)
def show(token: str) -> str:
    """Ask once more, or say that it is done."""
    reader_id, sort = read_stop(token)
    with reading() as session:
        wanted = wishes(session, reader_id)[sort]
    return _page(token, sort, wanted=wanted)


@blueprint.post("/letters/stop/<token>")
@allow(Who.ANYONE)
def stop(token: str) -> str:
    """Stop them, or with `again` have them again."""
    reader_id, sort = read_stop(token)
    wanted = request.form.get("again") == "1"
    with transaction() as session:
        if session.get(Person, reader_id) is not None:
            said = str(SORT_WORDS[sort][1])
            wish(session, reader_id, sort, wanted=wanted, place="/letters/stop", words=said, at=clock.now())
    return _page(token, sort, wanted=wanted)


def _page(token: str, sort: str, *, wanted: bool) -> str:
    return render_template("readers/stop.html", token=token, what=SORT_WORDS[sort][1], wanted=wanted)

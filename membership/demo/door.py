"""The demo's sign-in door: a printed link that opens in any browser, as often as wanted, while the demo runs.

It exists only in `membership.demo.wsgi`; the application that goes live (`create_app`) has no such address.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.readers import actions
from membership.readers.entering import enter
from membership.readers.models import Person
from membership.readers.queries import person_by_email, role_of
from membership.readers.rules import READER_ABSOLUTE
from membership.refusals import NotFound
from membership.web.access import Who, allow


def door(guests: Mapping[str, str]) -> Blueprint:
    """The blueprint; `guests` are e-mail addresses by their secret token."""
    blueprint = Blueprint("demo_door", __name__)

    @blueprint.get("/sign-in/demo/<token>")
    @allow(Who.ANYONE)
    def show(token: str) -> str:
        return render_template("demo/door.html", person=_guest(guests, token))

    @blueprint.post("/sign-in/demo/<token>")
    @allow(Who.ANYONE)
    def come_in(token: str) -> Response:
        person = _guest(guests, token)
        with transaction() as session:
            at = clock.now()
            opened = actions.open_session(session, person.reader_id, at, proven_until=at + READER_ABSOLUTE)
            role = role_of(session, person.reader_id)
        enter(opened)
        return redirect("/staff/" if role else "/account", 303)  # type: ignore[return-value]

    return blueprint


def _guest(guests: Mapping[str, str], token: str) -> Person:
    """Whose token this is. Raises `NotFound`."""
    email = next(
        (email for known, email in guests.items() if hmac.compare_digest(known.encode(), token.encode())), None
    )
    with reading() as session:
        person = person_by_email(session, email) if email else None
    if person is None:
        raise NotFound()
    return person

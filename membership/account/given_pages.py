"""Staff's pages about complimentary memberships: all of them, giving one to a reader or to an address, ending one early."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.account import patron_acts
from membership.account.given_forms import AddressedForm, ComplimentaryForm
from membership.account.list_pages import asked_for, note_search
from membership.account.patron_pages import back_to
from membership.account.patrons import LARGEST_KEY
from membership.account.room import blueprint
from membership.account.rules import written_name
from membership.db import reading, transaction
from membership.giving.rules import attempt_key
from membership.memberships import given, given_queries
from membership.memberships.given_models import GivenMembership
from membership.memberships.queries import open_tiers
from membership.newsroom import queries as newsroom
from membership.readers import actions as readers
from membership.readers.models import Person
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow

Answer = Response | str | tuple[str, int]


@blueprint.get("/staff/complimentary")
@allow(Who.staff("manager"))
def complimentary() -> str:
    """Who has a membership by the newsroom, or had one; and the form for an address."""
    return _list(_with_tiers(AddressedForm()))


@blueprint.post("/staff/complimentary")
@allow(Who.staff("manager", fresh=True))
def give_to_address() -> Answer:
    """Give one to an address; whoever it belongs to need not be known yet."""
    form = _with_tiers(AddressedForm())
    if not form.validate():
        return _list(form), 422
    try:
        name = written_name(form.name.data or "")
        with transaction() as session:
            language = newsroom.own_language(session)
            person = readers.know(session, str(form.email.data), at=clock.now(), language=language, name=name)
            made = _give(session, person, form)
    except Refused as refused:
        form.show(refused, "until")
        form.renew_after(refused)
        return _list(form), refused.status
    _told()
    return back_to(made.reader_id)


@blueprint.get("/staff/patrons/<int:reader_id>/complimentary")
@allow(Who.staff("manager"))
def complimentary_for(reader_id: int) -> str:
    """The form for one reader."""
    person = _person(reader_id)
    with transaction() as session:
        patron_acts.look(session, reader_id, by=current_user.reader_id, at=clock.now())
    return _form(person, _with_tiers(ComplimentaryForm()))


@blueprint.post("/staff/patrons/<int:reader_id>/complimentary")
@allow(Who.staff("manager", fresh=True))
def give_to_reader(reader_id: int) -> Answer:
    """Give it. The same form sent twice gives it once."""
    person, form = _person(reader_id), _with_tiers(ComplimentaryForm())
    if not form.validate():
        return _form(person, form), 422
    try:
        with transaction() as session:
            _give(session, person, form)
    except Refused as refused:
        form.show(refused, "until")
        return _form(person, form), refused.status
    _told()
    return back_to(reader_id)


@blueprint.post("/staff/complimentary/<int:given_id>/ending")
@allow(Who.staff("manager"))
def end_complimentary(given_id: int) -> Response:
    """End it today."""
    with transaction() as session:
        ended = given.end_early(session, min(given_id, LARGEST_KEY), by=current_user.reader_id, at=clock.now())
    flash(gettext("The complimentary membership has ended. The reader hears of it by letter."))
    return redirect(f"/staff/patrons/{ended.reader_id}", 303)  # type: ignore[return-value]


def _give(session: Session, person: Person, form: ComplimentaryForm) -> GivenMembership:
    zone = ZoneInfo(_zone(session))
    assert form.until.data is not None
    return given.give_complimentary(
        session, person, tier_id=form.tier.data, ends_at=datetime.combine(form.until.data, time(23, 59, 59), zone),
        reason=str(form.reason.data), key=attempt_key(str(form.attempt.data), "complimentary", person.reader_id),
        by=current_user.reader_id, at=clock.now(),
    )  # fmt: skip


def _told() -> None:
    flash(gettext("The complimentary membership has begun. The reader hears of it by letter."))


def _with_tiers(form: ComplimentaryForm) -> ComplimentaryForm:
    with reading() as session:
        form.tier.choices = [SelectChoice(tier.id, tier.name) for tier in open_tiers(session)]
    return form


def _list(form: ComplimentaryForm) -> str:
    asked = asked_for()
    find = given_queries.find_complimentary
    with reading() as session:
        lines, more = find(session, asked.sought, clock.now(), running=not asked.all, after=asked.beyond)
    note_search(asked, len(lines))
    return render_template("account/complimentary.html", form=form, lines=lines, more=more, asked=asked)


def _form(person: Person, form: ComplimentaryForm) -> str:
    return render_template("account/patron_complimentary.html", person=person, form=form)


def _person(reader_id: int) -> Person:
    with reading() as session:
        person = session.get(Person, min(reader_id, LARGEST_KEY))
    if person is None:
        raise NotFound()
    return person


def _zone(session: Session) -> str:
    own = newsroom.current(session)
    return own.time_zone if own else "UTC"

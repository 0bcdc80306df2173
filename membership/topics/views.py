"""Pages about topics: the list and the form, a topic's own page with its support, and the editors' screening."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock, db
from membership.refusals import NotFound, Refused
from membership.topics import actions, queries
from membership.topics.forms import DecisionForm, ProposalForm
from membership.topics.models import Topic
from membership.web.access import Who, allow
from membership.web.limits import PROPOSALS_PER_READER, count_against

blueprint = Blueprint("topics", __name__)
DECLINED_SHOWN = 100
DECISIONS = ("accepted", "declined", "needs_facts")


@blueprint.get("/topics")
@allow(Who.ANYONE)
def index() -> str:
    """What patrons have asked for, and the form to ask."""
    return _index(ProposalForm(formdata=None))


def _index(form: ProposalForm) -> str:
    with db.reading() as session:
        asked = queries.listed(session, "proposed", "needs_facts")
        accepted = queries.listed(session, "accepted")
        promised_ids = queries.promised_ids(session)
        declined = queries.listed(session, "declined", most=DECLINED_SHOWN)
    return render_template(
        "topics/index.html", form=form, asked=asked, declined=declined,
        accepted=[line for line in accepted if line.id not in promised_ids],
        promised=[line for line in accepted if line.id in promised_ids],
    )  # fmt: skip


@blueprint.post("/topics")
@allow(Who.PATRONS)
def propose() -> Any:
    """A patron proposes a topic."""
    form, at = ProposalForm(), clock.now()
    if not form.validate():
        return _index(form), 422
    try:
        count_against((PROPOSALS_PER_READER, str(current_user.reader_id)), at=at)
        with db.transaction() as session:
            topic = actions.propose(
                session, reader_id=current_user.reader_id, title=form.title.data or "", why=form.why.data or "",
                links=form.link_lines(), attempt=form.attempt.data or "", at=at,
            )  # fmt: skip
    except Refused as refused:
        form.show(refused, "title")
        return _index(form), refused.status
    flash(_("Thank you. Your topic is public now, and our editors will read it."))
    return redirect(f"/topics/{topic.slug}", 303)


@blueprint.get("/topics/<slug>")
@allow(Who.ANYONE)
def show(slug: str) -> str:
    """One topic: why it matters, who stands behind it (a number), and what became of it."""
    with db.reading() as session:
        topic = _topic(queries.topic_at(session, slug))
        supporters = queries.supporter_count(session, topic.id)
        links = queries.links_of(session, topic.id)
        history = queries.history_of(session, topic.id)
        mine = current_user.is_authenticated and queries.supports(session, topic.id, current_user.reader_id)
        into = queries.topic_by_id(session, topic.merged_into_id) if topic.merged_into_id else None
    return render_template(
        "topics/topic.html",
        topic=topic,
        supporters_count=supporters,
        links=links,
        history=history,
        mine=mine,
        into=into,
    )


@blueprint.post("/topics/<slug>/support")
@allow(Who.PATRONS)
def support(slug: str) -> Response:
    """Stand behind a topic."""
    with db.transaction() as session:
        topic = _topic(queries.topic_at(session, slug))
        actions.support(session, topic.id, current_user.reader_id, at=clock.now())
    return redirect(f"/topics/{slug}", 303)


@blueprint.post("/topics/<slug>/support/withdrawal")
@allow(Who.READERS)
def withdraw(slug: str) -> Response:
    """Stand behind a topic no more."""
    with db.transaction() as session:
        topic = _topic(queries.topic_at(session, slug))
        actions.withdraw_support(session, topic.id, current_user.reader_id)
    return redirect(f"/topics/{slug}", 303)


@blueprint.get("/staff/topics")
@allow(Who.staff("editor"))
def desk() -> str:
    """The editors' list: what waits for a decision first."""
    with db.reading() as session:
        waiting = queries.listed(session, "proposed", "needs_facts")
        accepted = queries.listed(session, "accepted")
        declined = queries.listed(session, "declined", "merged", most=DECLINED_SHOWN)
    return render_template("topics/desk.html", waiting=waiting, accepted=accepted, declined=declined)


@blueprint.get("/staff/topics/<int:topic_id>")
@allow(Who.staff("editor"))
def screen(topic_id: int) -> str:
    """One topic, to decide about."""
    return _screen(topic_id, DecisionForm(formdata=None))


def _screen(topic_id: int, form: DecisionForm) -> str:
    with db.reading() as session:
        topic = _topic(queries.topic_by_id(session, topic_id))
        supporters = queries.supporter_count(session, topic_id)
        links = queries.links_of(session, topic_id)
        history = queries.history_of(session, topic_id)
    return render_template(
        "topics/screen.html", topic=topic, supporters_count=supporters, links=links, history=history, form=form
    )


@blueprint.post("/staff/topics/<int:topic_id>/decision")
@allow(Who.staff("editor"))
def decide(topic_id: int) -> Any:
    """An editor's decision; the pressed button's value says which."""
    form, kind = DecisionForm(), request.form.get("decision", "")
    if kind not in DECISIONS:
        raise NotFound()
    try:
        with db.transaction() as session:
            actions.decide(
                session, topic_id, kind, reason=form.reason.data or "", by=current_user.reader_id, at=clock.now()
            )
    except Refused as refused:
        if refused.status != 422:
            raise  # nothing that a field could mend
        form.show(refused, "reason")
        return _screen(topic_id, form), 422
    flash(_("Your decision is public now."))
    return redirect("/staff/topics", 303)


def _topic(found: Topic | None) -> Topic:
    if found is None:
        raise NotFound()
    return found

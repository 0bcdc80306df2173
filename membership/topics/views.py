"""Pages about topics: the list with its search, the form, the topics that look alike, and a topic's own page."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from membership import clock, db
from membership.refusals import NotFound, Refused
from membership.topics import actions, desk_pages, finding, index, queries, rules
from membership.topics.forms import ProposalForm
from membership.topics.models import Topic
from membership.topics.room import blueprint
from membership.web.access import Who, allow
from membership.web.limits import PROPOSALS_PER_READER, count_against

__all__ = ["blueprint", "desk_pages"]

WORTH_COMPARING = 6
"""From so many letters on, a title that is being typed is compared."""


@blueprint.get("/topics")
@allow(Who.ANYONE)
def listing() -> str:
    """What patrons have asked for, and the form to ask."""
    return _listing(ProposalForm(formdata=None))


def _listing(form: ProposalForm) -> str:
    reader_id = current_user.reader_id if current_user.is_authenticated else None
    wanted = finding.wanted_of(request.args, reader_id=reader_id)
    with db.reading() as session:
        found = finding.find(session, wanted)
        tags = finding.tags(session)
    return render_template("topics/index.html", form=form, found=found, wanted=wanted, tags=tags)


@blueprint.get("/topics/similar")
@allow(Who.ANYONE)
def similar() -> Response:
    """A fragment of a page: the topics like the one whose title is being typed; empty when there are none."""
    title = request.args.get("title", "")[: rules.TITLE_LENGTH[1]]
    alike: list[index.Alike] = []
    if len(title.strip()) >= WORTH_COMPARING:
        with db.reading() as session:
            alike = index.similar(session, title)
    return Response(render_template("topics/similar.html", alike=alike), content_type="text/html; charset=utf-8")


@blueprint.post("/topics")
@allow(Who.PATRONS)
def propose() -> Any:
    """A patron proposes a topic; what looks alike is shown once before, and nothing that was typed is lost."""
    form, at = ProposalForm(), clock.now()
    if not form.validate():
        return _listing(form), 422
    try:
        words = rules.check_title(form.title.data or ""), rules.check_why(form.why.data or "")
        rules.check_links(form.link_lines())
        with db.reading() as session:
            made = queries.topic_of_attempt(session, current_user.reader_id, form.attempt.data or "")
            alike = [] if made or form.anyway.data else index.similar(session, *words)
            mine = [one.id for one in alike if queries.supports(session, one.id, current_user.reader_id)]
        if alike:
            return render_template("topics/alike.html", form=form, alike=alike, mine=mine)
        if made is None:
            count_against((PROPOSALS_PER_READER, str(current_user.reader_id)), at=at)
        with db.transaction() as session:
            topic = actions.propose(
                session, reader_id=current_user.reader_id, title=form.title.data or "", why=form.why.data or "",
                links=form.link_lines(), attempt=form.attempt.data or "", at=at,
            )  # fmt: skip
    except Refused as refused:
        form.show(refused, "title")
        return _listing(form), refused.status
    flash(_("Thank you. Your topic is public now, and our editors will read it."))
    return redirect(f"/topics/{topic.slug}", 303)


@blueprint.get("/topics/<slug>")
@allow(Who.ANYONE)
def show(slug: str) -> Any:
    """One topic: why it matters, who stands behind it (a number), and what became of it. A merged one leads to the other."""
    with db.reading() as session:
        topic = _topic(queries.topic_at(session, slug))
        if topic.merged_into_id:
            into = queries.topic_by_id(session, topic.merged_into_id)
            return redirect(f"/topics/{_topic(into).slug}", 302)
        return _page(session, "topics/topic.html", topic)


@blueprint.get("/topics/<slug>/history")
@allow(Who.ANYONE)
def history(slug: str) -> str:
    """What a topic said before, and for one that was merged all that it was."""
    with db.reading() as session:
        return _page(session, "topics/history.html", _topic(queries.topic_at(session, slug)))


def _page(session: Session, template: str, topic: Topic) -> str:
    return render_template(
        template,
        topic=topic,
        supporters_count=queries.supporter_count(session, topic.id),
        links=queries.links_of(session, topic.id),
        tags=queries.tags_of(session, topic.id),
        history=queries.history_of(session, topic.id),
        revisions=queries.revisions_of(session, topic.id),
        merged=queries.merged_into(session, topic.id),
        into=queries.topic_by_id(session, topic.merged_into_id) if topic.merged_into_id else None,
        mine=current_user.is_authenticated and queries.supports(session, topic.id, current_user.reader_id),
    )


@blueprint.post("/topics/<slug>/support")
@allow(Who.PATRONS)
def support(slug: str) -> Response:
    """Stand behind a topic; behind the one it went into when it was merged."""
    with db.transaction() as session:
        topic = _standing(session, slug)
        actions.support(session, topic.id, current_user.reader_id, at=clock.now())
    return redirect(f"/topics/{topic.slug}", 303)


@blueprint.post("/topics/<slug>/support/withdrawal")
@allow(Who.READERS)
def withdraw(slug: str) -> Response:
    """Stand behind a topic no more."""
    with db.transaction() as session:
        topic = _standing(session, slug)
        actions.withdraw_support(session, topic.id, current_user.reader_id)
    return redirect(f"/topics/{topic.slug}", 303)


def _standing(session: Session, slug: str) -> Topic:
    topic = _topic(queries.topic_at(session, slug))
    return _topic(queries.topic_by_id(session, topic.merged_into_id)) if topic.merged_into_id else topic


def _topic(found: Topic | None) -> Topic:
    if found is None:
        raise NotFound()
    return found

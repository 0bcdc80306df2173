"""The editors' side of topics: the list of what waits, and one topic to decide about, correct, tag or merge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from membership import clock, db
from membership.refusals import NotFound, Refused
from membership.topics import actions, editing, finding, index, queries, rules
from membership.topics.forms import DecisionForm, EditForm, MergeForm, TagsForm
from membership.topics.room import blueprint
from membership.web.access import Who, allow
from membership.web.forms import Form

DECISIONS = ("accepted", "declined", "needs_facts")
FIRST_SHOWN = "asked"


@blueprint.get("/staff/topics")
@allow(Who.staff("editor"))
def desk() -> str:
    """The editors' list: what waits for a decision first."""
    wanted = finding.wanted_of(request.args, reader_id=current_user.reader_id, state=FIRST_SHOWN)
    with db.reading() as session:
        found = finding.find(session, wanted)
        tags = finding.tags(session)
    return render_template("topics/desk.html", found=found, wanted=wanted, tags=tags)


@blueprint.get("/staff/topics/<int:topic_id>")
@allow(Who.staff("editor"))
def screen(topic_id: int) -> str:
    """One topic, to decide about."""
    return _screen(topic_id)


def _screen(topic_id: int, **posted: Form) -> str:
    with db.reading() as session:
        topic = queries.topic_by_id(session, topic_id)
        if topic is None:
            raise NotFound()
        links, tags = queries.links_of(session, topic_id), queries.tags_of(session, topic_id)
        into = queries.topic_by_id(session, topic.merged_into_id) if topic.merged_into_id else None
        after = queries.newest_revision(session, topic_id)
        words = {"title": topic.title, "why": topic.why, "links": "\n".join(links), "after": after}
        forms: dict[str, Form] = {
            "decision": DecisionForm(formdata=None),
            "words": EditForm(formdata=None, data=words),
            "tags": TagsForm(formdata=None, data={"tags": ", ".join(tags)}),
            "merge": MergeForm(formdata=None, data={"into": request.args.get("into", "")}),
        } | posted  # type: ignore[assignment]
        return render_template(
            "topics/screen.html", topic=topic, supporters_count=queries.supporter_count(session, topic_id), links=links,
            tags=tags, history=queries.history_of(session, topic_id), merged=queries.merged_into(session, topic_id),
            into=into, alike=index.similar(session, topic.title, topic.why, but=topic_id), forms=forms,
        )  # fmt: skip


def _act(topic_id: int, name: str, form: Form, act: Callable[[Session], object], field: str, done: str, to: str) -> Any:
    """One act of an editor on a topic, or its form again with what was typed."""
    if not form.validate():
        return _screen(topic_id, **{name: form}), 422
    try:
        with db.transaction() as session:
            act(session)
    except Refused as refused:
        if refused.status != 422:
            raise  # nothing that a field could mend
        form.show(refused, field)
        return _screen(topic_id, **{name: form}), 422
    flash(done)
    return redirect(to, 303)


@blueprint.post("/staff/topics/<int:topic_id>/decision")
@allow(Who.staff("editor"))
def decide(topic_id: int) -> Any:
    """An editor's decision; the pressed button's value says which."""
    form, kind = DecisionForm(), request.form.get("decision", "")
    if kind not in DECISIONS:
        raise NotFound()
    by, at = current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        actions.decide(session, topic_id, kind, reason=form.reason.data or "", by=by, at=at)

    return _act(topic_id, "decision", form, act, "reason", _("Your decision is public now."), "/staff/topics")


@blueprint.post("/staff/topics/<int:topic_id>/words")
@allow(Who.staff("editor"))
def edit(topic_id: int) -> Any:
    """Correct what a topic says."""
    form, by, at = EditForm(), current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        seen = form.after.data or ""
        try:
            editing.edit(
                session, topic_id, title=form.title.data or "", why=form.why.data or "", links=form.link_lines(),
                reason=form.why_changed.data or "", after=int(seen) if seen.isdecimal() and len(seen) < 19 else 0, by=by,
                at=at,
            )  # fmt: skip
        except rules.ChangedMeanwhile:
            form.after.data = str(queries.newest_revision(session, topic_id))  # now that this editor is told of it
            raise

    done = _("The words are changed, and what stood there before can be read on the topic's page.")
    return _act(topic_id, "words", form, act, "title", done, f"/staff/topics/{topic_id}")


@blueprint.post("/staff/topics/<int:topic_id>/tags")
@allow(Who.staff("editor"))
def tag(topic_id: int) -> Any:
    """Tag a topic."""
    form, by, at = TagsForm(), current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        editing.tag(session, topic_id, form.tags.data or "", by=by, at=at)

    return _act(topic_id, "tags", form, act, "tags", _("The tags are kept."), f"/staff/topics/{topic_id}")


@blueprint.post("/staff/topics/<int:topic_id>/merging")
@allow(Who.staff("editor"))
def merge(topic_id: int) -> Any:
    """Merge this topic into another."""
    form, by, at = MergeForm(), current_user.reader_id, clock.now()

    def act(session: Session) -> None:
        into = _named(session, form.into.data or "")
        editing.merge(session, topic_id, into, reason=form.why_merged.data or "", by=by, at=at)

    done = _("The two are one topic now; those who stood behind the first stand behind the other.")
    return _act(topic_id, "merge", form, act, "into", done, f"/staff/topics/{topic_id}")


def _named(session: Session, typed: str) -> int:
    """The number of the topic that an editor named, by number or by address. Raises `NotATopic`."""
    last = urlsplit(typed.strip()).path.rstrip("/").rpartition("/")[2]
    if last.isascii() and last.isdigit():
        found = queries.topic_by_id(session, int(last[:15]))
    else:
        found = queries.topic_at(session, last)
    if found is None:
        raise rules.NotATopic()
    return found.id

"""Pages about ballots for everybody: the list, the ballot itself, casting, the receipt, the result and its file."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask_login import current_user
from sqlalchemy.orm import Session

from membership import clock, db
from membership.ballots import actions, queries, rules
from membership.ballots.models import Ballot
from membership.ballots.rules import Phase
from membership.ballots.seals import in_display_order, read_code, written_code
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of
from membership.web.forms import AttemptField, Form
from membership.web.limits import VOTES_PER_READER, count_against

blueprint = Blueprint("ballots", __name__)
LOG_SHOWN = 50
"""So many of the log's last lines stand on the result's page; all of them are in a file."""
LOG_AT_ONCE = 1000


class VoteForm(Form):
    """Only the token and the one-time value; the ticks are checked by the rules."""

    attempt = AttemptField()


def secret() -> str:
    """The application's secret, for handing in."""
    return str(current_app.config["MEMBERSHIP"].secret_key)


@blueprint.get("/ballots")
@allow(Who.ANYONE)
def index() -> str:
    """The ballots that are open, those to come, and those that are over."""
    at = clock.now()
    with db.reading() as session:
        ballots = queries.listed(session, "draft", "open", "final", "void")
        turnouts = queries.turnouts(session, ballots)
    by_phase: dict[str, list[Ballot]] = {}
    for ballot in ballots:
        by_phase.setdefault(queries.phase_of(ballot, at), []).append(ballot)
    results = {ballot.id: queries.result_of(ballot) for ballot in by_phase.get(Phase.FINAL, [])}
    return render_template("ballots/index.html", by_phase=by_phase, turnouts=turnouts, results=results)


@blueprint.get("/ballots/<slug>")
@allow(Who.ANYONE)
def show(slug: str) -> str:
    """One ballot: the question, the options, the rules, and whether this visitor may vote."""
    with db.reading() as session:
        return _page(session, _ballot(session, slug), VoteForm(formdata=None), at=clock.now())


def _page(
    session: Session, ballot: Ballot, form: VoteForm, *, at: datetime, ticked: Collection[str] = (), error: str = ""
) -> str:
    options = queries.options_of(session, ballot.id)
    mine = line = None
    if current_user.is_authenticated:
        reader_id = current_user.reader_id
        mine = queries.may_vote(session, ballot, reader_id, at)
        line = queries.roll_line(session, ballot.id, reader_id)
        options = in_display_order(options, secret=secret(), ballot_id=ballot.id, reader_id=reader_id)
    return render_template(
        "ballots/ballot.html", ballot=ballot, phase=queries.phase_of(ballot, at), options=options, mine=mine, line=line,
        turnout=queries.turnout(session, ballot), topics=queries.topic_addresses(session, ballot.id), form=form,
        ticked=ticked, error=error,
    )  # fmt: skip


@blueprint.post("/ballots/<slug>/vote")
@allow(Who.READERS)
def vote(slug: str) -> Any:
    """Cast a vote. The answer itself shows the code, once; sending the same form again is the same vote."""
    form, choices = VoteForm(), request.form.getlist("choice")
    count_against((VOTES_PER_READER, str(current_user.reader_id)), at=clock.now())
    try:
        with db.transaction() as session:
            ballot_id = queries.hold_for_casting(session, slug)
            if ballot_id is None:
                raise NotFound()
            cast = actions.cast_and_confirm(
                session, ballot_id, current_user.reader_id, choices, secret=secret(), attempt=form.attempt.data or "",
                at=clock.now(),
            )  # fmt: skip
            chosen = [o.title for o in queries.options_of(session, ballot_id) if o.position in cast.positions]
    except (rules.NothingChosen, rules.NotAnOption) as refused:
        return _once_more(slug, form, choices, refused), 422
    return _private(render_template("ballots/cast.html", cast=cast, chosen=chosen))


def _once_more(slug: str, form: VoteForm, choices: list[str], refused: Refused) -> str:
    with db.reading() as session:
        return _page(
            session, _ballot(session, slug), form, at=clock.now(), ticked=set(choices), error=words_of(refused)
        )


@blueprint.get("/ballots/<slug>/receipt/<code>")
@allow(Who.ANYONE)
def receipt(slug: str, code: str) -> Response:
    """What became of the vote with this code, for whoever holds it."""
    code = read_code(code)
    with db.reading() as session:
        ballot = _ballot(session, slug)
        found = queries.receipt(session, ballot, code)
    page = render_template("ballots/receipt.html", ballot=ballot, found=found, code=written_code(code))
    return _private(page, 404 if found.state == "unknown" else 200)


@blueprint.get("/ballots/<slug>/results")
@allow(Who.ANYONE)
def results(slug: str) -> str:
    """What was counted; there is no such page before."""
    with db.reading() as session:
        ballot = _ballot(session, slug)
        result = queries.result_of(ballot)
        log = queries.published_log(session, ballot, after=ballot.log_length - LOG_SHOWN)
        topics = queries.topic_addresses(session, ballot.id)
    return render_template(
        "ballots/results.html", ballot=ballot, result=result, log=log, topics=topics,
        contents=rules.publishes_contents(result.votes), contents_from=rules.CONTENTS_FROM,
    )  # fmt: skip


@blueprint.get("/ballots/<slug>/ballots.csv")
@allow(Who.ANYONE)
def ballot_file(slug: str) -> Response:
    """Every counted vote by its code, for counting again; below twenty votes the codes alone."""
    with db.reading() as session:
        ballot = _ballot(session, slug)
        votes = queries.published_votes(session, ballot)
    contents = all(content is not None for _code, content in votes)
    rows = [(code, content) if contents else (code,) for code, content in votes]
    return _csv_file(f"{ballot.slug}-ballots.csv", [[("code", "content") if contents else ("code",)], rows])


@blueprint.get("/ballots/<slug>/log.csv")
@allow(Who.ANYONE)
def log_file(slug: str) -> Response:
    """The whole log, for computing the chain again. It is sent in parts: it may be long."""
    with db.reading() as session:
        ballot = _ballot(session, slug)
        queries.result_of(ballot)  # no file before the close
    return _csv_file(f"{ballot.slug}-log.csv", _log_parts(ballot))


def _log_parts(ballot: Ballot) -> Iterator[list[tuple[object, ...]]]:
    """The log by its parts, each read for itself, so that a slow reader holds no transaction open."""
    yield [("seq", "event", "code", "prev", "hash")]
    for after in range(0, ballot.log_length, LOG_AT_ONCE):
        with db.reading() as session:
            lines = queries.published_log(session, ballot, after=after, most=LOG_AT_ONCE)
        yield [(line.seq, line.event, line.code, line.prev, line.hash) for line in lines]


def _csv_file(name: str, parts: Iterable[Iterable[Iterable[object]]]) -> Response:
    def written() -> Iterator[str]:
        for rows in parts:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            yield text.getvalue()

    response = Response(written(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _ballot(session: Session, slug: str) -> Ballot:
    ballot = queries.ballot_at(session, slug)
    if ballot is None:
        raise NotFound()
    return ballot


def _private(page: str, status: int = 200) -> Response:
    """A page with a receipt code: kept by nobody on the way, and not told to the next site."""
    response: Response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response

"""Pages about ballots for everybody: the list, the result, the files to count it again. Voting is in `voting_pages.py`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template
from sqlalchemy.orm import Session

from membership import clock, db
from membership.ballots import observing, published, queries, rules, telling, ways
from membership.ballots.eligibility import rule_of
from membership.ballots.models import Ballot
from membership.ballots.rules import Phase
from membership.memberships.queries import open_tiers
from membership.refusals import NotFound
from membership.web.access import Who, allow

blueprint = Blueprint("ballots", __name__)
RECOUNT = Path(__file__).parent / "recount.py"
LOG_SHOWN = 50
"""So many of the log's last lines stand on the result's page; all of them are in a file."""
LOG_AT_ONCE = 1000


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
    turnouts = {ballot.id: queries.turnout(ballot) for ballot in ballots}
    by_phase: dict[str, list[Ballot]] = {}
    for ballot in ballots:
        by_phase.setdefault(queries.phase_of(ballot, at), []).append(ballot)
    results = {ballot.id: queries.result_of(ballot) for ballot in by_phase.get(Phase.FINAL, [])}
    return render_template("ballots/index.html", by_phase=by_phase, turnouts=turnouts, results=results)


@blueprint.get("/ballots/<slug>/results")
@allow(Who.ANYONE)
def results(slug: str) -> str:
    """What was counted; there is no such page before."""
    with db.reading() as session:
        ballot = ballot_at(session, slug)
        result = queries.result_of(ballot)
        log = queries.published_log(session, ballot, after=ballot.log_length - LOG_SHOWN)
        topics = queries.topic_addresses(session, ballot.id)
        befell = queries.what_befell(session, ballot.id)
        tiers, heads = {tier.id: tier.name for tier in open_tiers(session)}, observing.heads_told(session, ballot.id)
    return render_template(
        "ballots/results.html", heads=heads, ballot=ballot, result=result, log=log, topics=topics, befell=befell, tiers=tiers,
        rule=rule_of(ballot.rule), shares=rules.shares_of_roll(ballot.roll_by or {}), told=telling.told(result.plain),
        contents=queries.shows_contents(result), contents_from=rules.CONTENTS_FROM,
        asked=ways.asked_for(result.method, ballot.budget),
    )  # fmt: skip


@blueprint.get("/ballots/<slug>/ballots.csv")
@allow(Who.ANYONE)
def ballot_file(slug: str) -> Response:
    """Every counted vote by its code, for counting again; below twenty votes the codes alone."""
    with db.reading() as session:
        ballot = ballot_at(session, slug)
        result, votes = queries.result_of(ballot), queries.published_votes(session, ballot)
    return _file(f"{ballot.slug}-ballots.csv", "text/csv; charset=utf-8", [published.ballot_file(result.plain, votes)])


@blueprint.get("/ballots/<slug>/result.json")
@allow(Who.ANYONE)
def result_file(slug: str) -> Response:
    """The result as it was kept, byte for byte: its SHA-256 stands in the log."""
    with db.reading() as session:
        ballot = ballot_at(session, slug)
        queries.result_of(ballot)  # no file before the close
    return _file(f"{ballot.slug}-result.json", "application/json", [ballot.result or ""])


@blueprint.get("/ballots/recount.py")
@allow(Who.ANYONE)
def recount_script() -> Response:
    """The script with which anybody recounts; it needs nothing but Python."""
    return _file("recount.py", "text/x-python; charset=utf-8", [RECOUNT.read_text("utf-8")])


@blueprint.get("/ballots/<slug>/evidence.json")
@allow(Who.ANYONE)
def evidence(slug: str) -> Response:
    """All that was published about a counted ballot in one file: `membership ballot verify FILE` checks it anywhere."""
    with db.reading() as session:
        ballot = ballot_at(session, slug)
        text = published.evidence(
            ballot, queries.published_votes(session, ballot), queries.published_log(session, ballot)
        )
    return _file(f"{ballot.slug}-evidence.json", "application/json", [text])


@blueprint.get("/ballots/<slug>/log.csv")
@allow(Who.ANYONE)
def log_file(slug: str) -> Response:
    """The whole log, for computing the chain again. It is sent in parts: it may be long."""
    with db.reading() as session:
        ballot = ballot_at(session, slug)
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

    return _file(name, "text/csv; charset=utf-8", written())


def _file(name: str, content_type: str, parts: Iterable[str]) -> Response:
    response = Response(parts, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def ballot_at(session: Session, slug: str) -> Ballot:
    """The ballot at an address. Raises `NotFound`."""
    ballot = queries.ballot_at(session, slug)
    if ballot is None:
        raise NotFound()
    return ballot

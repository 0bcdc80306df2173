"""`membership ballot …`: what can be done with a ballot's published files, without any database; and with our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from membership import db
from membership.ballots import published, queries, verifying
from membership.ballots.counting.methods import METHODS, ONE_SEAT, RANKED, STARRED, tally
from membership.ballots.counting.outcome import Figure, Outcome, Tie
from membership.ballots.files.reading import read
from membership.ballots.files.report import as_lines
from membership.ballots.files.shape import BallotFile, BrokenFile
from membership.config import from_environment


@click.group()
def ballot() -> None:
    """Count ballots, ours and others'."""


@ballot.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--method", type=click.Choice(METHODS), help="By default what the file tells.")
@click.option("--seats", type=click.IntRange(1, 10_000), help="By default what the file tells, or one.")
@click.option("--budget", type=click.IntRange(1), help="What there is to spend, when the file does not say.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def count(file: Path, method: str | None, seats: int | None, budget: int | None, form: str) -> None:
    """Count a ballot file and print every round: ballots.csv, .blt, PrefLib (.soc .soi .toc .toi .cat), Pabulib (.pb)."""
    try:
        held = read(file, method or "")
    except BrokenFile as broken:
        raise click.ClickException(f"{file.name}: {broken}") from None
    except OSError as error:
        raise click.ClickException(f"{file.name}: {error.strerror or error}") from None
    chosen = method or held.method
    places = seats or held.seats or 1
    outcome = _counted(held, chosen, places, budget)
    if form == "json":
        click.echo(json.dumps(outcome.as_plain(held.options), ensure_ascii=False, indent=2))
    else:
        for line in as_lines(held, chosen, places, outcome):
            click.echo(line)


def _counted(held: BallotFile, method: str, seats: int, budget: int | None) -> Outcome:
    """Count, or say why that method cannot count that file."""
    if not method:
        raise click.UsageError("This file does not say how it is counted: please give --method.")
    kinds = {"ranks"} if method in RANKED else {"stars"} if method in STARRED else {"ticks"}
    if held.kind and held.kind not in kinds:
        raise click.UsageError(f"This file holds {held.kind}; {method} counts {kinds.pop()}.")
    if held.points and method != "budget":
        raise click.UsageError("The votes of this file are points, which only the method budget adds up.")
    if seats > 1 and method in ONE_SEAT:
        other = "stv" if method == "irv" else "fair"
        raise click.UsageError(f"{method} fills one seat; for several there is {other}.")
    costs, limit = held.costs, budget or held.budget
    if method == "budget" and (costs is None or limit is None or set(held.options) - set(costs)):
        raise click.UsageError("This file does not give a cost for each option and a budget to share.")
    try:
        return _tally(held, method, seats, costs, limit)
    except ValueError as error:
        raise click.UsageError(f"This cannot be counted: {error}.") from None


def _tally(
    held: BallotFile, method: str, seats: int, costs: Mapping[int, Figure] | None, limit: Figure | None
) -> Outcome:
    """Count; where the file says so, again with as many seats as there are level options at the last place."""
    lots = held.lots or list(held.options)

    def filling(places: int) -> Outcome:
        return tally(
            method, held.options, held.groups, places, lots, costs=costs, budget=limit, withdrawn=held.withdrawn
        )  # fmt: skip

    outcome = filling(seats)
    if not (held.all_at_the_last_place and method == "approval" and outcome.ties):
        return outcome
    level = outcome.ties[-1].options
    wider = filling(len(level) + sum(winner not in level for winner in outcome.winners))
    return replace(wider, ties=(Tie(1, level, "all win", level),))


@ballot.command()
@click.argument("what", metavar="SLUG|FILE")
@click.option("--head", "heads", multiple=True, metavar="HASH", help="A head of the log that an observer was told.")
def verify(what: str, heads: tuple[str, ...]) -> None:
    """Check a counted ballot: log, lots, votes, result, recount. By its address here, or from a file (evidence.json)."""
    file = Path(what)
    text = file.read_text("utf-8", errors="replace") if file.is_file() else _evidence_of(what)
    findings = verifying.verify(verifying.read(text), heads)
    for one in findings:
        state = "ok" if one.ok else "left out" if one.ok is None else "WRONG"
        click.echo(f"{one.name}: {state} - {one.words}")
    if any(one.ok is False for one in findings):
        raise click.exceptions.Exit(1)


def _evidence_of(slug: str) -> str:
    config = from_environment()
    db.bind(db.engine_for(config.database_url))
    with db.reading() as session:
        found = queries.ballot_at(session, slug)
        if found is None:
            raise click.ClickException(f"There is no ballot “{slug}” here, and no such file.")
        return published.evidence(found, queries.published_votes(session, found), queries.published_log(session, found))

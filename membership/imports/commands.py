"""`membership import …`: a rehearsal with its report, and with `--apply` the thing itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from flask import Flask

from membership import clock
from membership.db import reading, transaction
from membership.imports import actions, queries, tasks
from membership.imports.actions import Options
from membership.imports.models import Import
from membership.imports.papers import as_refused_csv, reason_words
from membership.imports.values import ORDERS
from membership.money import currency as known_currency
from membership.newsroom.queries import current

PRESETS = ("ghost", "memberful", "steady")
STEPS = {"reading": "reading", "matching": "looking at Stripe", "judging": "judging", "applying": "applying"}


def commands(house: Callable[[], Flask]) -> click.Group:
    """The group `import`. `house` opens the house as the web does, and is called when a command runs."""

    @click.group("import")
    def group() -> None:
        """Bring patrons along from another system. Without --apply it is a rehearsal: nothing but its report."""

    def run(file: Path, form: str, apply: bool, refused: Path | None, options: dict[str, object]) -> None:
        with house().app_context():
            carry_out(file, form, apply, refused, options)

    @group.command()
    @_shared
    def patreon(file: Path, apply: bool, refused: Path | None, **options: object) -> None:
        """Patreon's members export (Relationship manager, CSV)."""
        run(file, "patreon", apply, refused, options)

    @group.command()
    @_shared
    @click.option("--preset", type=click.Choice(PRESETS), help="The export of another system; else our own columns.")
    def csv(file: Path, preset: str | None, apply: bool, refused: Path | None, **options: object) -> None:
        """A CSV file with the columns in docs/importing.md, or another system's export."""
        run(file, preset or "csv", apply, refused, options)

    return group


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed((
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option("--apply", is_flag=True, help="Do it, after the rehearsal."),
        click.option("--currency", help="Where the file names none. Default: the newsroom's."),
        click.option("--dates", type=click.Choice(ORDERS), help="How 11/3/2026 is meant: month or day first."),
        click.option("--tier", "tiers", multiple=True, metavar="THEIRS=SLUG", help="Which of our memberships theirs is."),
        click.option("--refused", type=click.Path(dir_okay=False, writable=True, path_type=Path),
                     help="Where to write the rows that stay behind, with their reasons. Default: beside the file."),
    )):  # fmt: skip
        command = option(command)
    return command


def carry_out(file: Path, form: str, apply: bool, refused: Path | None, told: dict[str, object]) -> None:
    """The command itself, inside the house: hand the file in, watch its steps, say what came of it."""
    options = _options(told)
    with file.open("rb") as content:
        run, _ = tasks.receive(content, form, options, name=file.name, by=None)
    _watch(run.id)
    if apply:
        with transaction() as session:
            actions.ask_for(session, run.id, by=None, at=clock.now())
        _watch(run.id)
    with reading() as session:
        run = session.get_one(Import, run.id)
        for line in _told(run, queries.report(session, run)):
            click.echo(line)
        staying = queries.report(session, run).of("refused", "doubt")
        if staying:
            path = refused or file.with_name(f"{file.stem}.not-brought.csv")
            with path.open("w", newline="", encoding="utf-8") as out:
                out.writelines(as_refused_csv(run.headings, queries.not_brought(session, run.id)))
            click.echo(f"{staying} rows stay behind; they stand with their reasons in {path}")
    if not run.asked_at:
        click.echo("Nothing was brought along yet: this was the rehearsal. With --apply it is done.")


def _options(told: dict[str, object]) -> Options:
    with reading() as session:
        own = current(session)
    if own is None:
        raise click.ClickException("The newsroom is not set up yet; see: membership check")
    tiers = {}
    for pair in told["tiers"] or ():  # type: ignore[attr-defined]
        theirs, sign, slug = pair.rpartition("=")
        if not sign:
            raise click.BadParameter(f"{pair}: please write THEIRS=SLUG")
        tiers[theirs.strip()] = slug.strip()
    chosen = known_currency(str(told["currency"] or own.currency)).code
    return Options(chosen, str(told["dates"]) if told["dates"] else None, tiers)


def _watch(import_id: int) -> None:
    """The steps, with their progress on stderr."""
    shown = sys.stderr.isatty()
    for run in tasks.watch(import_id):
        if run.step == "resting":
            break
        far = f"{run.found} found" if run.step == "matching" else f"{run.cursor or 0} of {run.rows} rows"
        click.echo(f"{STEPS[run.step]}: {far}{' ' * 20 if shown else ''}", err=True, nl=not shown)
        click.echo("\r", err=True, nl=False) if shown else None


def _told(run: Import, made: queries.Report) -> Iterator[str]:
    """The report, in lines."""
    yield f"{run.file_name}: {run.rows} rows ({run.form}, SHA-256 {run.digest[:12]})"
    for one in made.counts:
        done = f", done {one.done}" if run.asked_at else ""
        words = f"  {reason_words(one.reason, {})}" if one.reason else ""
        yield f"{one.verdict:>8}  {one.deed:<8} {one.rows:>8}{done}{words}"
    yield f"   total  {'':<8} {made.judged:>8}"
    for sum in made.recurring:
        yield f"{sum.deed:>8}  {sum.pledges} pledges per {sum.interval}: {sum.amount}"
    for tier in made.tiers:
        yield f"    tier  {tier.theirs or '-'} -> {tier.ours} ({tier.rows})"
    if run.applied_at:
        yield f"applied at {run.applied_at:%Y-%m-%d %H:%M} UTC; the worker fetches what was adopted, and sends the letters"

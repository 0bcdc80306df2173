"""The `membership` command. Settings come from the environment; a wrong one is named in one line (exit code 2)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from email_validator import EmailNotValidError, validate_email
from flask import Flask
from granian.constants import Interfaces
from granian.server import Server
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from membership import clock, db, logs, schema
from membership.app import all_tasks, create_app, open_house
from membership.ballots.commands import ballot
from membership.config import Config, WrongSetting, from_environment
from membership.demo import bulk, runner
from membership.desk import actions as desk
from membership.desk.commands import commands as desk_commands
from membership.desk.doctor import readiness, whole_check
from membership.desk.tasks import ask_to_sweep, ask_to_watch
from membership.gateway import listing
from membership.imports.commands import commands as import_commands
from membership.jobs import worker as jobs
from membership.jobs.queue import LEASE, Claimed
from membership.jobs.worker import Task
from membership.mail.commands import commands as mail_commands
from membership.memberships.tasks import sync_tiers
from membership.newsroom.queries import current
from membership.newsroom.rules import setup_token
from membership.perks import watch as perks
from membership.privacy.commands import commands as reader_commands
from membership.readers.queries import person_by_email, role_of
from membership.readers.second_step import forget_ways
from membership.refusals import Refused
from membership.reports import lapsed
from membership.reports import tasks as report_tasks
from membership.reports.asking import asked_of
from membership.reports.frame import as_json, file_head, file_rows, parts_of
from membership.reports.lapsed_pages import note as note_people
from membership.reports.leaving import HEAD as LEAVING_HEAD
from membership.reports.leaving import leaving_json, leaving_report, leaving_rows
from membership.reports.ledger import HEAD as LEDGER_HEAD
from membership.reports.ledger import ledger_json, ledger_report, ledger_rows
from membership.reports.queries import patrons_report
from membership.reports.register import REPORTS
from membership.reports.tables import HEAD, as_csv, patrons_json, patrons_rows
from membership.web import workbooks
from membership.web.access import ROLES
from membership.webhooks import drift, reconciling


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def membership() -> None:
    """Reader membership for open newsrooms."""


membership.add_command(ballot)


def main() -> int:
    """The console script. Refusals and wrong settings are one line on stderr, never a traceback."""
    try:
        code = membership.main(standalone_mode=False)
    except WrongSetting as wrong:
        return _say(f"Wrong setting: {wrong}", 2)
    except Refused as refused:
        return _say(str(refused), 1)
    except SQLAlchemyError as error:
        return _say(f"The database does not do that ({type(error).__name__}). Try: membership check", 1)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    return code if isinstance(code, int) else 0


def _say(words: str, code: int) -> int:
    click.echo(words, err=True)
    return code


def _house() -> tuple[Config, Flask]:
    """The house, opened as the web does."""
    config = from_environment()
    open_house(config)
    return config, create_app(config)


membership.add_command(import_commands(lambda: _house()[1]))
membership.add_command(mail_commands(lambda: _house()[1]))
membership.add_command(reader_commands(lambda: _house()[1]))
for command in desk_commands(lambda: open_house(from_environment())):
    membership.add_command(command)


@membership.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, workers: int) -> None:
    """Serve the site. Put a proxy that speaks https in front of it."""
    config = from_environment()
    open_house(config)
    for one in readiness():
        if not one.ok and one.name != "worker":
            raise click.ClickException(str(one))
    _print_token(config)
    engine = db.bound()
    if isinstance(engine, Engine):
        engine.dispose()  # each server process opens its own connections
    click.echo(f"listening on http://{host}:{port}")
    server("wsgi:app", host, port, workers).serve()


def server(target: str, host: str, port: int, workers: int) -> Any:
    """The server that the site stands on (and that benchmarks put under their floor)."""
    return Server(
        target, address=host, port=port, interface=Interfaces.WSGI, workers=workers, blocking_threads=4,
        websockets=False, respawn_failed_workers=True,
    )  # fmt: skip


@membership.command()
@click.option("--lease", default=LEASE.total_seconds(), show_default=True, type=click.FloatRange(1), help="Seconds.")
def worker(lease: float) -> None:
    """Do the work that waits: letters, payments told by Stripe, ballots that close. Any number may run."""
    logs.begin()
    _, app = _house()
    tasks = {name: _inside(app, task) for name, task in all_tasks().items()}
    with db.transaction() as session:
        reconciling.ask(session, at=clock.now())  # what was told while nobody worked; from then on it goes hourly
        ask_to_sweep(session, at=clock.now())
        ask_to_watch(session, at=clock.now())
        perks.ask(session, at=clock.now())
        report_tasks.ask_to_roll(session, at=clock.now())
    jobs.run(tasks, lease=timedelta(seconds=lease))


def _inside(app: Flask, task: Task) -> Task:
    """Each job in an application context of its own: what it caches about the newsroom is never stale."""

    def done(job: Claimed) -> None:
        with app.app_context():
            task(job)

    return done


@membership.command()
def check() -> None:
    """Look whether everything is in order: settings, database, schema, worker, audit trail, Stripe."""
    config = from_environment()
    open_house(config)
    click.echo("settings: ok - complete")
    findings = whole_check()
    for one in findings:
        click.echo(str(one))
    if any(one.name == "schema" and one.ok for one in findings):
        _print_token(config)
    if not all(one.ok for one in findings):
        raise click.exceptions.Exit(1)


def _print_token(config: Config) -> None:
    with db.reading() as session:
        if current(session) is not None:
            return
    click.echo(f"The newsroom is not set up yet. Open {config.base_url}/setup with the operator's token:")
    click.echo(setup_token(config.secret_key))


@membership.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--sandbox-port", default=8001, show_default=True, type=click.IntRange(1, 65535))
@click.option("--newsroom-port", default=8002, show_default=True, type=click.IntRange(1, 65535))
@click.option("--fresh", is_flag=True, help="Forget the last demo and begin anew.")
def demo(port: int, sandbox_port: int, newsroom_port: int, fresh: bool) -> None:
    """An invented newsroom with thirty months behind it, a stand-in for Stripe, and the newsroom's own site."""
    raise click.exceptions.Exit(runner.run(port, sandbox_port, newsroom_port, fresh))


@membership.command()
@click.option("--patrons", required=True, type=click.IntRange(1, 10_000_000), help="So many readers who ever pledged.")
@click.option("--months", default=30, show_default=True, type=click.IntRange(1, 120), help="Over so many months.")
def seed(patrons: int, months: int) -> None:
    """Fill an empty development database with invented patrons, for trying things at size. Never on a live key.

    It may be interrupted and run again, and run again with more patrons. Stripe, or a sandbox, knows nothing of them.
    """
    config, app = _house()
    if config.livemode:
        raise click.ClickException("A live key is set: invented patrons have no place beside real ones.")
    shown = sys.stderr.isatty()
    with app.app_context():
        for done in bulk.load(patrons, months, at=clock.now().replace(microsecond=0)):
            click.echo(f"{done} of {patrons} patrons", err=True, nl=not shown)
            click.echo("\r", err=True, nl=False) if shown else None
    click.echo(f"{patrons} patrons over {months} months.")


@membership.group("db")
def database() -> None:
    """The database."""


@database.command()
def upgrade() -> None:
    """Bring the database to the schema of this version."""
    open_house(from_environment())
    engine = db.bound()
    assert isinstance(engine, Engine)
    with engine.begin() as connection:
        schema.upgrade(connection)
    click.echo("The database stands at this version.")


@membership.group()
def staff() -> None:
    """The team."""


def _address(_context: click.Context, _option: click.Parameter, value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).original
    except EmailNotValidError:
        raise click.BadParameter("this is no e-mail address") from None


@staff.command()
@click.argument("email", callback=_address)
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--name", default="")
def invite(email: str, role: str, name: str) -> None:
    """Give somebody a role, and tell them by letter."""
    _, app = _house()
    with app.app_context(), db.transaction() as session:
        if current(session) is None:
            raise click.ClickException("The newsroom is not set up yet; its first admin is named at /setup.")
        desk.invite(session, email, name=name, role=role, by=None, at=clock.now())
    click.echo(f"{email} is {role} now; a letter is on its way.")


@staff.command()
@click.argument("email", callback=_address)
def reset(email: str) -> None:
    """Somebody of the team lost every device and code: they are signed out, and begin with a new second step."""
    _, app = _house()
    with app.app_context(), db.transaction() as session:
        person = person_by_email(session, email)
        if person is None or role_of(session, person.reader_id) is None:
            raise click.ClickException(f"{email} is not in the team.")
        forget_ways(session, person.reader_id, by=None, at=clock.now())
    click.echo(f"{email} begins with a new second step at the next sign-in; a letter is on its way.")


@membership.group()
def stripe() -> None:
    """What stands at Stripe."""


@stripe.command()
def sync() -> None:
    """Make every membership known to Stripe as a product."""
    _, app = _house()
    with app.app_context():
        made = sync_tiers()
    click.echo(f"{made} new at Stripe; the rest was there.")


@stripe.command()
@click.argument("event_id")
def replay(event_id: str) -> None:
    """Have an event taken in again; one that never came here is fetched from Stripe (30 days back)."""
    config, app = _house()
    with app.app_context():
        event = reconciling.replay_or_fetch(event_id, livemode=config.livemode)
    click.echo(f"{event.type} is heard again; the worker looks at {event.root_id}.")


@stripe.command()
@click.option(
    "--since", type=click.DateTime(), help="Look back to then, UTC (events: 30 days at most). Else: to the last run."
)
def reconcile(since: datetime | None) -> None:
    """Hold our books beside Stripe's, page by page; it may be interrupted and run again."""
    _, app = _house()
    with app.app_context():
        run = None
        for run in reconciling.run_now(since.replace(tzinfo=UTC) if since else None):
            click.echo(f"looked at {run.looked}, missed events {run.missed}, differences {run.found}", err=True)
        if run is None or run.ended_at is None:
            raise click.ClickException("Another worker is at it; see /staff/drift.")
        with db.reading() as session:
            open_ones = drift.open_ones(session)
    for one in open_ones:
        click.echo(f"{one.kind} {one.object}: ours {one.ours or '-'}; Stripe {one.theirs or '-'}")
    click.echo(
        f"{run.missed} missed events are heard now; {len(open_ones)} differences are open. The worker repairs what it can."
    )


@membership.command()
@click.argument("name", type=click.Choice(["patrons", "ledger", "leaving", *REPORTS]))
@click.option(
    "--from", "since", type=click.DateTime(["%Y-%m-%d", "%Y-%m"]),
    help="First day, UTC (ledger: by default 30 days back), or first month (by default eleven months back).",
)  # fmt: skip
@click.option(
    "--to", "until", type=click.DateTime(["%Y-%m-%d", "%Y-%m"]),
    help="The day after the last one, UTC (ledger); of the others, the last month that is told has that day or month.",
)  # fmt: skip
@click.option("--currency", help="Only this one.")
@click.option("--tier", help="Only this membership on offer (its short name).")
@click.option("--source", help="Only those who came so: article, campaign, friend, link, brought, direct.")
@click.option("--people", "names", is_flag=True, help="With names and addresses (lapsed); noted in the audit trail.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json", "xlsx"]), default="table", show_default=True)
def report(
    name: str, since: datetime | None, until: datetime | None, currency: str | None, tier: str | None,
    source: str | None, names: bool, form: str,
) -> None:  # fmt: skip
    """A report. `ledger`: our ledger beside Stripe's balance transactions; exit code 1 where they differ."""
    _, app = _house()
    with app.app_context():
        if name in REPORTS:
            said = {"from": f"{since:%Y-%m}" if since else "", "to": f"{until:%Y-%m}" if until else ""}
            filters = {"currency": currency or "", "tier": tier or "", "source": source or ""}
            rows, content, head, good = (_lapsed_people if names else _of_the_table)(name, said | filters, form)
        elif name == "ledger":
            rows, content, head, good = _ledger(since, until, currency)
        else:
            others: dict[str, Callable[[], Told]] = {"patrons": _patrons, "leaving": _leaving}
            rows, content, head, good = others[name]()
    if form == "json":
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    elif form == "csv":
        click.echo("".join(as_csv(rows, head)), nl=False)
    elif form == "xlsx":
        for piece in workbooks.as_xlsx(rows, head):
            click.echo(piece, nl=False)
    else:
        _print_table(head, rows)
    if not good:
        raise click.exceptions.Exit(1)


Told = tuple[list[tuple[Any, ...]], dict[str, Any], tuple[str, ...], bool]


def _of_the_table(name: str, said: dict[str, str], _form: str) -> Told:
    with db.reading() as session:
        asked = asked_of(session, REPORTS[name], said, at=clock.now(), full=True)
        parts = parts_of(REPORTS[name], session, asked)
    head = file_head(parts)
    return list(file_rows(parts, head)), as_json(REPORTS[name], asked, parts), head, True


def _lapsed_people(name: str, said: dict[str, str], form: str) -> Told:
    if name != "lapsed":
        raise click.UsageError("--people is an option of the report lapsed: no other one names anybody.")
    at = clock.now()
    with db.reading() as session:
        asked = asked_of(session, REPORTS[name], said, at=at, full=True)
        rows = list(lapsed.people(session, asked))
    with db.transaction() as session:
        note_people(session, asked, form, len(rows), by=None, at=at)
    content = [dict(zip(lapsed.HEAD, map(str, row), strict=True)) for row in rows]
    return rows, {"report": name, "as_of": at.isoformat(), "people": content}, lapsed.HEAD, True


def _ledger(since: datetime | None, until: datetime | None, currency: str | None) -> Told:
    begin = since.replace(tzinfo=UTC) if since else clock.now() - timedelta(days=30)
    end = until.replace(tzinfo=UTC) if until else None
    theirs = listing.every_transaction(since=begin, until=end)
    found = list(theirs)  # all of it before the books are opened: no transaction waits for Stripe
    with db.reading() as session:
        made = ledger_report(session, found, since=begin, until=end, currency=currency.upper() if currency else None)
    return list(ledger_rows(made)), ledger_json(made), LEDGER_HEAD, made.agrees


def _zone(session: Session) -> str:
    newsroom = current(session)
    return newsroom.time_zone if newsroom else "UTC"


def _leaving() -> Told:
    with db.reading() as session:
        made = leaving_report(session, clock.now(), _zone(session))
    return list(leaving_rows(made)), leaving_json(made), LEAVING_HEAD, True


def _patrons() -> Told:
    with db.reading() as session:
        made = patrons_report(session, clock.now(), _zone(session))
    return list(patrons_rows(made)), patrons_json(made), HEAD, True


@membership.group("reports")
def reports_group() -> None:
    """The sums that reports read."""


@reports_group.command("rebuild")
def rebuild_reports() -> None:
    """Throw the sums by month away and make them anew from all movements; it may be interrupted and run again."""
    _, app = _house()
    with app.app_context():
        done = 0
        for done in report_tasks.rebuild():
            click.echo(f"portion {done}", err=True)
    click.echo(f"The sums are made anew ({done} portions).")


def _print_table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    texts = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    for row in texts:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())

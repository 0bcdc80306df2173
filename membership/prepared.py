"""Prepared statements for hot paths: compiled once, then handed to the driver as they are.

SQLAlchemy writes the SQL, with its types and its bound values; what it does anew each time a statement is carried out
(looking up the compiled form, an execution context, a result object) costs five times what SQLite needs for the statement
itself. Here that is done once. Its events are told of each statement, and what the driver raises becomes its `DBAPIError`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Values = Mapping[str, Any]


class Answer:
    """What came back: tuples with names, all of them here already. `rowcount`: how many rows were written."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows, self.rowcount = rows, rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def first(self) -> Any:
        """The first row, or None."""
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        """The only row; there is one."""
        (row,) = self._rows
        return row

    def scalars(self) -> list[Any]:
        """The first column of each row."""
        return [row[0] for row in self._rows]

    def scalar(self) -> Any:
        """The first column of the first row, or None."""
        return self._rows[0][0] if self._rows else None


class Prepared:
    """One statement for one dialect, with the columns that its values name (an INSERT writes those and no others)."""

    def __init__(self, statement: Executable, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler) and not compiled.post_compile_params, "no lists in a prepared statement"
        self._sql = str(compiled)
        self._positional = compiled.positional
        defaults: dict[str, Any] = {column.key: column.default for column in compiled.insert_prefetch}
        own = compiled.params | {name: default.arg for name, default in defaults.items()}
        self._slots = [self._slot(compiled, dialect, name, own, names) for name in compiled.positiontup or own]
        columns = getattr(statement, "exported_columns", ())
        self._types = [column.type for column in columns]
        self._row: Callable[[Sequence[Any]], Any] | None = None
        self._answers: bool | None = None

    @staticmethod
    def _slot(
        compiled: SQLCompiler, dialect: Dialect, name: str, own: Values, names: Sequence[str]
    ) -> tuple[str, Callable[[Any], Any] | None, bool, Any]:
        """A place for a value: its name, how it is written, and what it is if it is part of the statement."""
        write = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        if name in names:
            return name, write, False, None
        return name, None, True, write(own[name]) if write else own[name]

    def on(self, connection: Connection, values: Values | Sequence[Values]) -> Answer:
        """Carry it out, once or (several values) as often as there are any. Raises `DBAPIError`."""
        many = not isinstance(values, Mapping)
        filled: Any = self._fill(values) if isinstance(values, Mapping) else [self._fill(one) for one in values]
        cursor, sql = connection.connection.cursor(), self._sql
        try:
            for told in connection.dispatch.before_cursor_execute:  # type: ignore[attr-defined]
                sql, filled = told(connection, cursor, sql, filled, None, many)
            (cursor.executemany if many else cursor.execute)(sql, filled)
            if self._answers is None and not many:  # asked once: psycopg makes it anew each time
                self._answers = cursor.description is not None
            rows = self._read(cursor, connection.dialect) if self._answers and not many else []
            return Answer(rows, cursor.rowcount)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemy_says(error, sql, connection, cursor) from error
        finally:
            cursor.close()

    def _fill(self, values: Values) -> Any:
        if self._positional:
            return [
                fixed if own else write(values[name]) if write else values[name]
                for name, write, own, fixed in self._slots
            ]
        return {
            name: fixed if own else write(values[name]) if write else values[name]
            for name, write, own, fixed in self._slots
        }

    def _read(self, cursor: Any, dialect: Dialect) -> list[Any]:
        rows = cursor.fetchall()
        if self._row is None and rows:
            self._row = _row(cursor.description, self._types, dialect)
        return [self._row(row) for row in rows] if self._row else rows


def _row(description: Sequence[Any], types: Sequence[TypeEngine[Any]], dialect: Dialect) -> Callable[[Sequence[Any]], Any]:
    """How a row of the driver's becomes one of ours: named, and each value as its type says (plain SQL has no types)."""
    made = namedtuple("Row", [column[0] for column in description], rename=True)  # type: ignore[misc]
    if len(types) != len(description):
        return made._make
    read = [
        type.dialect_impl(dialect).result_processor(dialect, column[1])
        for type, column in zip(types, description, strict=True)
    ]
    if not any(read):
        return made._make
    return lambda row: made._make([process(value) if process else value for process, value in zip(read, row, strict=True)])


def _as_sqlalchemy_says(error: Exception, sql: str, connection: Connection, cursor: Any) -> DBAPIError:
    dialect = connection.dialect
    gone = dialect.is_disconnect(error, connection.connection, cursor)  # type: ignore[arg-type]
    if gone:
        connection.invalidate(error)
    base = dialect.loaded_dbapi.Error
    made = DBAPIError.instance(
        sql, None, error, base, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )
    assert isinstance(made, DBAPIError)
    return made

"""The relational store: SQLite (WAL) by default, PostgreSQL in production; and the only commit in the house.

`transaction()` opens a session for writing and commits it at the end of the block; `reading()` opens one that is rolled
back. For hot paths there are `writing()` and `asking()`, the same without a session, and `run()`. On SQLite a writing
transaction begins IMMEDIATE, so that two writers queue instead of failing half-way; on PostgreSQL it is READ COMMITTED with
explicit row locks where two writers can meet.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Executable,
    Integer,
    MetaData,
    TypeDecorator,
    bindparam,
    create_engine,
    event,
    text,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from membership.prepared import Answer, Prepared, Values

BUSY_SECONDS = 15
IDLE_SECONDS = 1.0
"""What worked this long ago is trusted to work still."""


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time. A naive one is refused: it is a mistake that shows only in another time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Minor(TypeDecorator[int]):
    """An amount in minor units: 64 bits on both databases, and nothing but an `int` goes in."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is not None and type(value) is not int:
            raise TypeError(f"money is counted in whole minor units, not {value!r}")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value)  # PostgreSQL sums bigints as numeric


Key = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """Every table of the house. Times are `UtcTime`, amounts `Minor`, surrogate keys `Key`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcTime}


Row = TypeVar("Row", bound=Base)


def engine_for(url: str, **options: Any) -> Engine:
    """An engine for `DATABASE_URL`, with what the two databases need to keep their promises.

    A statement that fails is logged without its values: they may be somebody's address (ASVS 16.2.5).
    """
    if url.startswith("sqlite"):
        # The driver's own transactions are switched off; `_begin_sqlite` says how each one begins.
        driver = {"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False}
        engine = create_engine(url, connect_args=driver, hide_parameters=True, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(url, isolation_level="READ COMMITTED", hide_parameters=True, **options)
    _ask_idle_connections(engine)
    return engine


def _ask_idle_connections(engine: Engine) -> None:
    """Before a connection is used that lay idle, see whether the server still knows it; the pool makes a new one if not. One
    that worked a moment ago is not asked: that would be one way to the server and back more for each transaction."""

    @event.listens_for(engine, "checkin")
    def lay_down(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def take_up(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("idle_since", time.monotonic()) < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError() from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    begin = connection.get_execution_options().get("begin", "BEGIN IMMEDIATE")
    if begin:
        run(connection, _BEGINNINGS[begin], {})


_BEGINNINGS = {begin: text(begin) for begin in ("BEGIN", "BEGIN IMMEDIATE")}


_bind: Engine | Connection | None = None
_reads: Engine | Connection
_asks: Engine | Connection


def bind(target: Engine | Connection) -> None:
    """From now on this is the database: an engine, or in tests a connection whose outer transaction is rolled back."""
    global _bind, _reads, _asks
    _bind = _reads = _asks = target
    if isinstance(target, Engine):
        sqlite = target.dialect.name == "sqlite"
        _reads = target.execution_options(begin="BEGIN")
        _asks = target.execution_options(**{"begin": ""} if sqlite else {"isolation_level": "AUTOCOMMIT"})


def bound() -> Engine | Connection:
    """The database in use. Raises `RuntimeError` before `bind`."""
    if _bind is None:
        raise RuntimeError("no database is bound")
    return _bind


_HELD = "connection"
"""Where a writing session keeps its connection: asking the session for it each time costs as much as a small statement."""

_turn = threading.RLock()
_at_hand = threading.local()


@contextmanager
def _in_turn() -> Iterator[None]:
    """SQLite has one writer at a time, and who waits for it sleeps and looks again, ever longer. Threads of one process take
    turns here instead; only processes wait for each other there. PostgreSQL needs none of this."""
    if bound().dialect.name != "sqlite":
        yield
        return
    mine = _turn.acquire(timeout=BUSY_SECONDS)
    try:
        yield
    finally:
        if mine:
            _turn.release()


@contextmanager
def transaction() -> Iterator[Session]:
    """A session for writing; commits when the block ends, rolls back when it raises. The only commit in the house."""
    with _in_turn(), Session(bound(), expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
        session.info[_HELD] = session.connection()
        yield session
        session.commit()


@contextmanager
def writing() -> Iterator[Connection]:
    """The same without a session, for hot paths that speak in prepared statements only: half the cost of a short one."""
    target = bound()
    if isinstance(target, Engine):
        with _in_turn(), target.begin() as connection:
            yield connection
    else:
        with target.begin_nested():
            yield target


@contextmanager
def reading() -> Iterator[Session]:
    """A session for looking; whatever it changed is rolled back, and what it loaded may be used after the block."""
    bound()
    with Session(_reads, expire_on_commit=False, autoflush=False, join_transaction_mode="create_savepoint") as session:
        yield session
        session.expunge_all()  # what was read stays readable after the block; a rollback would expire it
        session.rollback()


@contextmanager
def asking() -> Iterator[Connection]:
    """For prepared questions on hot paths, without a session and without a transaction around them: each sees the books as
    they stand at its own moment. Nothing may be written. Within another such block of its thread it uses that one's."""
    bound()
    if isinstance(_asks, Connection):
        yield _asks
        return
    held: Connection | None = getattr(_at_hand, "books", None)
    if held is not None:
        yield held
        return
    with _asks.connect() as connection:
        _at_hand.books = connection
        try:
            yield connection
        finally:
            _at_hand.books = None


def run(session: Session | Connection, statement: Executable, values: Values | Sequence[Values]) -> Answer:
    """Carry out a prepared statement past the session's own machinery, for hot paths: a fifth of the cost.

    `statement` must be made once (it is kept for ever) and name each of its values. It answers with columns, never with
    objects of the session; what the session has not written yet is written first.
    """
    if isinstance(session, Session):
        if session.autoflush:
            session.flush()
        session = session.info.get(_HELD) or session.connection()
    names = tuple(values if isinstance(values, Mapping) else values[0])
    key = (statement, session.dialect.name, names)
    prepared = _prepared.get(key)
    if prepared is None:
        prepared = _prepared[key] = Prepared(statement, session.dialect, names)
    return prepared.on(session, values)


_prepared: dict[tuple[Executable, str, tuple[str, ...]], Prepared] = {}


def insert_once(session: Session, model: type[Base], **values: Any) -> bool:
    """Insert a row unless a unique key says it is already there; tells whether it was inserted. Never looks first."""
    statement = _insert_once(model, session.get_bind().dialect.name)
    return run(session, statement, values).rowcount == 1


def insert_each_once(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """The same for several rows with the same columns, in one go; which of them were there already is not told."""
    run(session, _insert_once(model, session.get_bind().dialect.name), rows)


def insert_once_for_id(session: Session, model: type[Base], **values: Any) -> int | None:
    """Insert a row unless a unique key says it is already there; its `id` if it was inserted, else None."""
    return run(session, _insert_once_for_id(model, session.get_bind().dialect.name), values).scalar()  # type: ignore[no-any-return]


def insert_once_as(session: Session, model: type[Row], **values: Any) -> Row | None:
    """The same, but the row itself: what was written need not be asked for. None when it was there before."""
    row_id = insert_once_for_id(session, model, **values)
    if row_id is None:
        return None
    row = _as_loaded(model, {"id": row_id, **values})
    session.add(row)
    return row


def find(session: Session, model: type[Row], statement: Executable, values: Values) -> Row | None:
    """A row of the session's by a prepared statement that selects all of its table's columns; None when there is none. One
    that the session knows already stays as the session knows it, as with any other way of loading."""
    found = run(session, statement, values).first()
    if found is None:
        return None
    known: Row | None = session.identity_map.get(identity_key(model, found.id))  # type: ignore[assignment]
    if known is not None:
        return known
    row = _as_loaded(model, found._asdict())
    session.add(row)
    return row


def _as_loaded(model: type[Row], values: dict[str, Any]) -> Row:
    """A row as it stands in the books. Its attributes are not set one by one: nothing about them is to be followed yet."""
    row: Row = model.__mapper__.class_manager.new_instance()
    row.__dict__.update(values)
    make_transient_to_detached(row)
    return row


def alter(session: Session, row: Base, **values: Any) -> None:
    """Change a row of the session's by one prepared UPDATE of what differs, at once: a third of its unit of work's cost."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return
    values = {f"new_{name}": value for name, value in changed.items()}
    run(session, _update(type(row), tuple(changed)), {"row": row.id, **values})  # type: ignore[attr-defined]
    for name, value in changed.items():
        set_committed_value(row, name, value)


@functools.cache
def _update(model: type[Base], names: tuple[str, ...]) -> Executable:
    table = model.metadata.tables[model.__tablename__]
    return update(table).where(table.c.id == bindparam("row")).values({name: bindparam(f"new_{name}") for name in names})


@functools.cache
def _insert_once(model: type[Base], dialect: str) -> Executable:
    """Built once for each table: building it costs more than the database needs to carry it out."""
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    # Without the option psycopg's count of an INSERT is lost (-1) before it can be read.
    statement = insert(model.metadata.tables[model.__tablename__]).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


@functools.cache
def _insert_once_for_id(model: type[Base], dialect: str) -> Executable:
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    table = model.metadata.tables[model.__tablename__]
    return insert(table).on_conflict_do_nothing().returning(table.c.id)

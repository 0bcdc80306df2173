"""What a room holds about a person, table by table: which rows are theirs, what is told to them, what erasing leaves.

Each room says it in a file `personal.py` of its own, as `Holding`s, from which `held_about` and `forget` follow; the privacy
room puts them together. A test holds these lists against the schema, so that no table that leads to a person is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import FunctionType
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Table, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership.db import Base

SECRETS = ("hash", "token", "sealed", "attempt", "public_key", "credential_id", "session_url", "hosted_url", "browser")
"""Columns by how their names end, which are told to nobody: secrets, and what only recognises something."""


@dataclass(frozen=True)
class Whose:
    """A person as rows name them: by number, by every address they were known by, as written and as recognised (`keys`), and
    by the keyed hashes under which tries to pay are counted (`marks`). `name` may be empty. `at`: when it is asked."""

    reader_id: int
    name: str
    addresses: tuple[str, ...]
    keys: tuple[str, ...]
    marks: tuple[str, ...]
    at: datetime


Which = Callable[[Whose], ColumnElement[bool]]


@dataclass(frozen=True)
class Holding:
    """Rows of one table that are about somebody. Erased, they go; with `leaves`, they stay and these columns are overwritten
    (a function is asked for the value, by `Whose`).

    `kept` says why rows stay; `hidden` names columns that are not told (somebody else's, besides the secrets).
    """

    model: type[Base]
    which: Which
    leaves: Mapping[str, Any] | None = None
    kept: str = ""
    hidden: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """The table of its rows."""
        return self.model.metadata.tables[self.model.__tablename__]


@dataclass(frozen=True)
class Room:
    """What one room says. `words` are its heading for people. `others`: tables that lead to a person and hold nothing about
    one, each with the reason. `mentions`: texts about other things, or to others, in which somebody may be named."""

    words: Any
    holdings: tuple[Holding, ...]
    others: Mapping[str, str]
    mentions: tuple[InstrumentedAttribute[Any], ...] = ()


def by(*columns: InstrumentedAttribute[Any]) -> Which:
    """Rows that name the reader by number in one of these columns."""
    return lambda whose: or_(*(column == whose.reader_id for column in columns))


def through(column: InstrumentedAttribute[Any], key: InstrumentedAttribute[Any], which: Which) -> Which:
    """Rows that point by `column` to the `key` of a row that is theirs."""
    return lambda whose: column.in_(select(key).where(which(whose)))


def addressed(*columns: InstrumentedAttribute[Any]) -> Which:
    """Rows that name one of the person's addresses, however its letters are cased."""
    return lambda whose: or_(
        *(func.lower(column).in_({one.lower() for one in (*whose.addresses, *whose.keys)}) for column in columns)
    )


def either(*ways: Which) -> Which:
    """Rows that are theirs by any of these."""
    return lambda whose: or_(*(way(whose) for way in ways))


def held_about(session: Session, whose: Whose, holdings: Iterable[Holding]) -> dict[str, list[dict[str, Any]]]:
    """Every row about a person by its table, without secrets; tables that hold none are left out."""
    found = {}
    for one in holdings:
        columns = [column for column in one.table.columns if _is_told(one, column)]
        rows = session.execute(select(*columns).where(one.which(whose)).order_by(*one.table.primary_key.columns))
        told = [dict(row._mapping) for row in rows]
        if told:
            found[one.table.name] = [{str(key): value for key, value in row.items()} for row in told]
    return found


def _is_told(one: Holding, column: Column[Any]) -> bool:
    secret = column.name.endswith(SECRETS) or column.name in one.hidden
    return not secret and not isinstance(column.type, LargeBinary)


def forget(session: Session, whose: Whose, holdings: Iterable[Holding]) -> dict[str, int]:
    """Erase a person: rows go, or what is left of them says nothing about anybody. Those that point to others go first.
    Returns how many rows of each table there were."""
    by_table = {one.table: one for one in holdings}
    counted = {}
    for table in reversed(Base.metadata.sorted_tables):
        if (one := by_table.get(table)) is None or one.leaves == {}:
            continue
        statement: Any = delete(table) if one.leaves is None else update(table).values(**_left(one.leaves, whose))
        done = session.execute(statement.where(one.which(whose)).execution_options(synchronize_session=False))
        if done.rowcount:  # type: ignore[attr-defined]
            counted[table.name] = int(done.rowcount)  # type: ignore[attr-defined]
    return counted


def _left(leaves: Mapping[str, Any], whose: Whose) -> dict[str, Any]:
    return {name: value(whose) if isinstance(value, FunctionType) else value for name, value in leaves.items()}

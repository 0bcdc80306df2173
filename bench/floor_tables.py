"""The floor's own tables."""

from __future__ import annotations

from membership.db import engine_for

TABLES = ("CREATE TABLE floor_one (id text PRIMARY KEY, raw {bytes})", "CREATE TABLE floor_two (id text PRIMARY KEY)")


def make_tables(url: str) -> None:
    """Make them in whatever database the floor is to run on."""
    engine = engine_for(url)
    with engine.begin() as connection:
        for table in TABLES:
            connection.exec_driver_sql(table.format(bytes="blob" if engine.dialect.name == "sqlite" else "bytea"))
    engine.dispose()

"""The schema that the migrations make is the one that the models describe, and each migration can be undone."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, inspect

from membership import schema, tables
from membership.db import engine_for
from tests.databases import Databases


@pytest.fixture
def empty(store: Databases) -> Iterator[Connection]:
    with store.fresh(migrated=False) as url:
        engine = engine_for(url, poolclass=NullPool)
        with engine.connect() as connection:
            yield connection


def differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)


def test_the_migrations_make_what_the_models_describe(empty):
    schema.upgrade(empty)
    assert differences(empty) == []
    assert schema.is_current(empty)


def test_a_forgotten_column_would_be_seen(empty):
    schema.upgrade(empty)
    empty.exec_driver_sql("ALTER TABLE perk ADD COLUMN forgotten TEXT")
    empty.exec_driver_sql("DROP TABLE worker_beat")
    assert len(differences(empty)) == 2


def test_every_migration_can_be_undone_and_done_again(empty):
    schema.upgrade(empty)
    command.downgrade(schema.alembic_config(empty), "base")
    assert inspect(empty).get_table_names() == ["alembic_version"]
    schema.upgrade(empty)
    assert differences(empty) == []

"""Alembic's entry: runs the migrations on the database that the configuration names."""

from alembic import context

from membership import db, tables

target_metadata = tables.metadata


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        engine = db.engine_for(context.config.get_main_option("sqlalchemy.url") or "")
        with engine.connect() as connection:
            _migrate(connection)
    else:
        _migrate(connection)


def _migrate(connection) -> None:  # type: ignore[no-untyped-def]
    context.configure(
        connection=connection,
        target_metadata=target_metadata,
        render_as_batch=True,
        compare_type=False,
        user_module_prefix="db.",
    )
    with context.begin_transaction():
        context.run_migrations()


run()

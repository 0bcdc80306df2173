"""append-only tables: the databases themselves refuse to change or delete what has happened"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_second"
down_revision = "2026_11_23_first"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_entry", "movement", "ledger_entry", "ballot_log")


def upgrade() -> None:
    op.execute(sa.text("INSERT INTO audit_head (id, hash) VALUES (1, '')"))
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for deed in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        if sqlite:
            op.execute(f"DROP TRIGGER {table}_no_update")
            op.execute(f"DROP TRIGGER {table}_no_delete")
        else:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    if not sqlite:
        op.execute("DROP FUNCTION refuse_change()")
    op.execute(sa.text("DELETE FROM audit_head"))

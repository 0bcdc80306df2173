"""ballots asked in several ways: ranks, budgets, stars; a rule for the roll, weights, what befalls a ballot, votes begun"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_24_ways_to_ask"
down_revision = "2026_11_24_promises_on_time"
branch_labels = None
depends_on = None

OLD, NEW = "'cast', 'replaced'", "'cast', 'replaced', 'withdrawn', 'struck'"


def upgrade() -> None:
    op.add_column("ballot", sa.Column("max_rank", sa.Integer, nullable=False, server_default=sa.text("5")))
    op.add_column("ballot", sa.Column("budget", sa.Integer))
    op.add_column("ballot", sa.Column("last_place", sa.Text, nullable=False, server_default=sa.text("'lot'")))
    op.add_column("ballot", sa.Column("late_roll_at", db.UtcTime(timezone=True)))
    op.add_column("ballot_option", sa.Column("cost", sa.Integer))
    op.add_column("ballot_option", sa.Column("withdrawn_at", db.UtcTime(timezone=True)))
    op.add_column("ballot_option", sa.Column("withdrawn_reason", sa.Text))
    op.add_column("ballot_roll", sa.Column("source_id", db.Key))
    op.add_column("ballot_roll", sa.Column("weight", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.add_column("ballot_roll", sa.Column("struck", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("vote", sa.Column("weight", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.create_table(
        "ballot_begun",
        sa.Column("ballot_id", db.Key, nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("begun_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("signal", sa.Text, nullable=False),
        sa.CheckConstraint("signal IN ('touched', 'looked_over')", name=op.f("ck_ballot_begun_signal")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=op.f("fk_ballot_begun_ballot_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_ballot_begun_reader_id")),
        sa.PrimaryKeyConstraint("ballot_id", "reader_id", name=op.f("pk_ballot_begun")),
    )
    op.create_index("ix_ballot_begun_reader_id", "ballot_begun", ["reader_id"])
    _events(NEW)


def downgrade() -> None:
    op.execute("DELETE FROM ballot_pending WHERE event IN ('withdrawn', 'struck')")
    _events(OLD)
    op.drop_table("ballot_begun")
    op.drop_column("vote", "weight")
    for column in ("struck", "weight", "source_id"):
        op.drop_column("ballot_roll", column)
    for column in ("withdrawn_reason", "withdrawn_at", "cost"):
        op.drop_column("ballot_option", column)
    for column in ("late_roll_at", "last_place", "budget", "max_rank"):
        op.drop_column("ballot", column)


def _events(allowed: str) -> None:
    """Which lines may wait for the log. SQLite cannot change a constraint: there the table is written anew, without
    hidden row numbers as before."""
    if op.get_bind().dialect.name == "postgresql":
        for constraint in sa.inspect(op.get_bind()).get_check_constraints("ballot_pending"):
            op.execute(f'ALTER TABLE ballot_pending DROP CONSTRAINT "{constraint["name"]}"')
        op.execute(f"ALTER TABLE ballot_pending ADD CONSTRAINT ck_ballot_pending_event CHECK (event IN ({allowed}))")
        return
    op.execute("ALTER TABLE ballot_pending RENAME TO ballot_pending_before")
    op.execute(
        "CREATE TABLE ballot_pending ("
        "ballot_id INTEGER NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL, code TEXT NOT NULL, "
        "CONSTRAINT pk_ballot_pending PRIMARY KEY (ballot_id, id), "
        f"CONSTRAINT ck_ballot_pending_event CHECK (event IN ({allowed})), "
        "CONSTRAINT fk_ballot_pending_ballot_id FOREIGN KEY(ballot_id) REFERENCES ballot (id)) WITHOUT ROWID"
    )
    op.execute("INSERT INTO ballot_pending SELECT ballot_id, id, event, code FROM ballot_pending_before")
    op.execute("DROP TABLE ballot_pending_before")

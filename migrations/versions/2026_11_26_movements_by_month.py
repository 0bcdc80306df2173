"""movements by month: sums that reports read, a movement for another tier of the same money, and rates by day"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_26_movements_by_month"
down_revision = "2026_11_26_forums"
branch_labels = None
depends_on = None

BEFORE = "kind IN ('new', 'returned', 'raised', 'resumed', 'lowered', 'paused', 'left', 'lost')"
AFTER = "kind IN ('new', 'returned', 'raised', 'resumed', 'lowered', 'paused', 'left', 'lost', 'switched')"
NAME = "ck_movement_kind"


def upgrade() -> None:
    _allow(AFTER)
    op.create_table(
        "roll_up",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("upto", db.Key, nullable=False),
        sa.Column("rolled_at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_roll_up_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_up")),
    )
    op.create_table(
        "movement_month",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tier_id", db.Key, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *_sums(),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_movement_month_tier_id")),
        sa.PrimaryKeyConstraint("month", "currency", "kind", "tier_id", "source", name=op.f("pk_movement_month")),
    )
    op.create_table(
        "cohort_month",
        sa.Column("cohort", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("tier_id", db.Key, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *_sums(),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_cohort_month_tier_id")),
        sa.PrimaryKeyConstraint("cohort", "month", "currency", "tier_id", "source", name=op.f("pk_cohort_month")),
    )
    op.create_table(
        "exchange_rate",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("own", sa.Text(), nullable=False),
        sa.Column("millionths", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("millionths > 0", name=op.f("ck_exchange_rate_positive")),
        sa.PrimaryKeyConstraint("day", "currency", "own", name=op.f("pk_exchange_rate")),
    )


def downgrade() -> None:
    for table in ("exchange_rate", "cohort_month", "movement_month", "roll_up"):
        op.drop_table(table)
    _allow(BEFORE)


def _sums() -> list[sa.Column]:
    counts = [sa.Column(name, sa.Integer(), nullable=False) for name in ("number", "paying", "members")]
    return [*counts, sa.Column("yearly", db.Minor(), nullable=False)]


def _allow(kinds: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(NAME), "movement", type_="check")
        op.create_check_constraint(op.f(NAME), "movement", kinds)
    else:
        _write_anew(kinds)


def _write_anew(kinds: str) -> None:
    """SQLite cannot change a rule of a table. What keeps the table append-only goes with the old one and is put on again."""
    op.create_table(
        "movement_anew",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("membership_id", db.Key, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("tier_id", db.Key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("yearly", db.Minor(), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint(kinds, name=op.f(NAME)),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_movement_membership_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_movement_reader_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_movement_tier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement")),
        sa.UniqueConstraint("membership_id", "sequence", name=op.f("uq_movement_membership_id_sequence")),
    )
    names = "id, membership_id, sequence, reader_id, tier_id, kind, currency, yearly, at"
    op.execute(f"INSERT INTO movement_anew ({names}) SELECT {names} FROM movement")  # noqa: S608
    op.drop_table("movement")
    op.rename_table("movement_anew", "movement")
    op.create_index("ix_movement_at", "movement", ["at"])
    op.create_index(op.f("ix_movement_reader_id"), "movement", ["reader_id"])
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER movement_no_{deed.lower()} BEFORE {deed} ON movement "
            "BEGIN SELECT RAISE(ABORT, 'movement is append-only'); END"
        )

"""movements of a pause: the recurring money that rests, and that goes on"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_24_paused_movements"
down_revision = "2026_11_24_gifts"
branch_labels = None
depends_on = None

BEFORE = "kind IN ('new', 'returned', 'raised', 'lowered', 'left', 'lost')"
AFTER = "kind IN ('new', 'returned', 'raised', 'resumed', 'lowered', 'paused', 'left', 'lost')"
NAME = "ck_movement_kind"


def upgrade() -> None:
    _allow(AFTER)


def downgrade() -> None:
    _allow(BEFORE)


def _allow(kinds: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in (NAME, f"ck_movement_{NAME}"):  # the second is how the first schema named it
            op.execute(f"ALTER TABLE movement DROP CONSTRAINT IF EXISTS {name}")
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
    op.execute(
        "INSERT INTO movement_anew (id, membership_id, sequence, reader_id, tier_id, kind, currency, yearly, at) "
        "SELECT id, membership_id, sequence, reader_id, tier_id, kind, currency, yearly, at FROM movement"
    )
    op.drop_table("movement")
    op.rename_table("movement_anew", "movement")
    op.create_index("ix_movement_at", "movement", ["at"])
    op.create_index(op.f("ix_movement_reader_id"), "movement", ["reader_id"])
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER movement_no_{deed.lower()} BEFORE {deed} ON movement "
            "BEGIN SELECT RAISE(ABORT, 'movement is append-only'); END"
        )

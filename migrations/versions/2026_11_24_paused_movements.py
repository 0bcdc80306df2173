"""movements of a pause: the recurring money that rests, and that goes on"""

from alembic import op

revision = "2026_11_24_paused_movements"
down_revision = "2026_11_24_gifts"
branch_labels = None
depends_on = None

BEFORE = "kind IN ('new', 'returned', 'raised', 'lowered', 'left', 'lost')"
AFTER = "kind IN ('new', 'returned', 'raised', 'resumed', 'lowered', 'paused', 'left', 'lost')"
NAME = op.f("ck_movement_kind")


def upgrade() -> None:
    _allow(AFTER)


def downgrade() -> None:
    _allow(BEFORE)


def _allow(kinds: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(NAME, "movement", type_="check")
        op.create_check_constraint(NAME, "movement", kinds)
        return
    # SQLite writes the table anew; what keeps it append-only goes with the old one and is put on again.
    with op.batch_alter_table("movement") as batch:
        batch.drop_constraint(NAME, type_="check")
        batch.create_check_constraint(NAME, kinds)
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER movement_no_{deed.lower()} BEFORE {deed} ON movement "
            "BEGIN SELECT RAISE(ABORT, 'movement is append-only'); END"
        )

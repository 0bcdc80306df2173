"""rolls told: how many of a roll came from which source of standing, and the turnout that is told each hour"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_rolls_told"
down_revision = "2026_11_25_paid_elsewhere"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ballot", sa.Column("roll_by", sa.JSON))
    op.add_column("ballot", sa.Column("turnout_told", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("ballot", sa.Column("turnout_told_at", db.UtcTime(timezone=True)))
    _tell_of_rolls_drawn_up_before()


def _tell_of_rolls_drawn_up_before() -> None:
    roll = sa.table("ballot_roll", sa.column("ballot_id"), sa.column("reason"))
    ballot = sa.table("ballot", sa.column("id"), sa.column("roll_by", sa.JSON))
    found: dict[int, dict[str, int]] = {}
    lines = sa.select(roll.c.ballot_id, roll.c.reason, sa.func.count()).group_by(roll.c.ballot_id, roll.c.reason)
    for ballot_id, reason, number in op.get_bind().execute(lines).all():
        found.setdefault(ballot_id, {})[reason] = number
    for ballot_id, roll_by in found.items():
        op.get_bind().execute(sa.update(ballot).where(ballot.c.id == ballot_id).values(roll_by=roll_by))


def downgrade() -> None:
    for column in ("turnout_told_at", "turnout_told", "roll_by"):
        op.drop_column("ballot", column)

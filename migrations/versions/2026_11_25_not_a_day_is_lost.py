"""gifts that rest know since when; invitations that nobody has answered are looked at"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_not_a_day_is_lost"
down_revision = "2026_11_25_observers"
branch_labels = None
depends_on = None

SEAT = sa.table("group_seat", sa.column("membership_id"), sa.column("reader_id"), sa.column("freed_at"))
JOB = sa.table(
    "job", sa.column("key"), sa.column("name"), sa.column("payload", sa.JSON), sa.column("state"),
    sa.column("due_at", db.UtcTime(timezone=True)), sa.column("attempts"), sa.column("again", sa.Boolean),
    sa.column("posted_at", db.UtcTime(timezone=True)),
)  # fmt: skip


def upgrade() -> None:
    op.add_column("given_membership", sa.Column("frozen_at", db.UtcTime(timezone=True)))
    unanswered = sa.select(SEAT.c.membership_id).where(SEAT.c.reader_id.is_(None), SEAT.c.freed_at.is_(None))
    now = datetime.now(UTC)
    for group in op.get_bind().execute(unanswered.distinct()).scalars().all():
        job = {"key": f"seats:{group}", "name": "memberships.seats", "payload": {"group": group}, "state": "ready"}
        op.get_bind().execute(JOB.insert().values(**job, due_at=now, attempts=0, again=False, posted_at=now))


def downgrade() -> None:
    op.drop_column("given_membership", "frozen_at")

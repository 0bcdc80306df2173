"""promises: why one is late, the story's picture, and when readers are told"""

import sqlalchemy as sa
from alembic import op

from membership import clock, db

revision = "2026_11_24_promises_on_time"
down_revision = "2026_11_24_guard"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("promise", sa.Column("delay_reason", sa.Text(), nullable=True))
    op.create_table(
        "promise_picture",
        sa.Column("promise_id", db.Key, nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["promise_id"], ["promise.id"], name=op.f("fk_promise_picture_promise_id")),
        sa.PrimaryKeyConstraint("promise_id", name=op.f("pk_promise_picture")),
    )
    op.create_table(
        "promise_setting",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("late_after", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_promise_setting_only_one")),
        sa.CheckConstraint("late_after BETWEEN 0 AND 365", name=op.f("ck_promise_setting_late_after")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_setting")),
    )
    # Promises with a date from before are looked at from now on, too.
    payload = "'{\"promise\"\\: ' || id || '}'"
    if op.get_bind().dialect.name == "postgresql":
        payload = f"CAST({payload} AS json)"
    watched = sa.text(
        "INSERT INTO job (key, name, payload, state, due_at, attempts, again, posted_at) "  # noqa: S608 - all of it ours
        f"SELECT 'promise\\:' || id || '\\:watch', 'promises.watch', {payload}, 'ready', :now, 0, false, :now "
        "FROM promise WHERE state = 'reporting' AND due_on IS NOT NULL"
    )
    op.execute(watched.bindparams(sa.bindparam("now", type_=db.UtcTime(), value=clock.wall())))


def downgrade() -> None:
    op.drop_table("promise_setting")
    op.drop_table("promise_picture")
    op.drop_column("promise", "delay_reason")

"""alarms told to staff, backups made, whom to tell of holes and hindrances; an index of the events that wait"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_28_alarms"
down_revision = "2026_11_28_sums_of_spells"
branch_labels = None
depends_on = None

NEW = sa.text("state = 'new'")
OPEN = sa.text("over_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("figure", sa.BigInteger, nullable=False),
        sa.Column("raised_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("seen_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("told_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("over_at", db.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index("uq_alarm_open", "alarm", ["name"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "backup_made",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_made")),
    )
    op.create_table(
        "contact_point",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("until", sa.Date, nullable=True),
        sa.CheckConstraint("kind IN ('security', 'accessibility')", name=op.f("ck_contact_point_kind")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_contact_point")),
    )
    op.create_index("ix_stripe_event_new", "stripe_event", ["received_at"], sqlite_where=NEW, postgresql_where=NEW)


def downgrade() -> None:
    op.drop_index("ix_stripe_event_new", "stripe_event")
    op.drop_table("contact_point")
    op.drop_table("backup_made")
    op.drop_table("alarm")

"""observers of ballots, and the heads of the log that they were told"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_observers"
down_revision = "2026_11_25_perks_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ballot_observer",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("named_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("named_by", db.Key, nullable=False),
        sa.ForeignKeyConstraint(["named_by"], ["reader.id"], name=op.f("fk_ballot_observer_named_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot_observer")),
        sa.UniqueConstraint("email_key", name=op.f("uq_ballot_observer_email_key")),
        sa.UniqueConstraint("token", name=op.f("uq_ballot_observer_token")),
    )
    op.create_table(
        "ballot_head",
        sa.Column("ballot_id", db.Key, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("moment", sa.Text, nullable=False),
        sa.Column("observers", sa.Integer, nullable=False),
        sa.Column("told_at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("moment IN ('opened', 'noon', 'closed', 'cancelled')", name=op.f("ck_ballot_head_moment")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=op.f("fk_ballot_head_ballot_id")),
        sa.PrimaryKeyConstraint("ballot_id", "seq", name=op.f("pk_ballot_head")),
    )


def downgrade() -> None:
    op.drop_table("ballot_head")
    op.drop_table("ballot_observer")

"""bulletins, and what they say in each language"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_26_bulletins"
down_revision = "2026_11_26_mailings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulletin",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("segment", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("made_by", db.Key, nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("due_at", db.UtcTime(timezone=True)),
        sa.Column("sent_by", db.Key),
        sa.Column("started_at", db.UtcTime(timezone=True)),
        sa.Column("gathered_to", db.Key, nullable=False),
        sa.Column("gathered_at", db.UtcTime(timezone=True)),
        sa.Column("mailing_id", db.Key),
        sa.CheckConstraint("state IN ('draft', 'scheduled', 'started', 'stopped')", name=op.f("ck_bulletin_state")),
        sa.CheckConstraint(
            "(state = 'scheduled') <= (due_at IS NOT NULL)", name=op.f("ck_bulletin_due_when_scheduled")
        ),
        sa.CheckConstraint(
            "(state IN ('started', 'stopped')) = (mailing_id IS NOT NULL)", name=op.f("ck_bulletin_mailing_when_started")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["reader.id"], name=op.f("fk_bulletin_made_by")),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_bulletin_mailing_id")),
        sa.ForeignKeyConstraint(["sent_by"], ["reader.id"], name=op.f("fk_bulletin_sent_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin")),
        sa.UniqueConstraint("attempt", name=op.f("uq_bulletin_attempt")),
        sa.UniqueConstraint("mailing_id", name=op.f("uq_bulletin_mailing_id")),
    )
    op.create_table(
        "bulletin_text",
        sa.Column("bulletin_id", db.Key, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletin.id"], name=op.f("fk_bulletin_text_bulletin_id")),
        sa.PrimaryKeyConstraint("bulletin_id", "language", name=op.f("pk_bulletin_text")),
    )


def downgrade() -> None:
    op.drop_table("bulletin_text")
    op.drop_table("bulletin")

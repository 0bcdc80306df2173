"""erasures, proofs of consent to letters; bodies of events may be emptied and leave their hash"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_28_privacy"
down_revision = "2026_11_26_movements_by_month"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stripe_event", sa.Column("raw_sha256", sa.Text, nullable=True))
    op.create_table(
        "erased_root",
        sa.Column("root_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("root_id", name=op.f("pk_erased_root")),
    )
    op.create_table(
        "erasure",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=True),
        sa.Column("asked_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("erased_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("payers_gone_at", db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_erasure_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_erasure_token_hash")),
    )
    op.create_index(op.f("ix_erasure_reader_id"), "erasure", ["reader_id"])
    op.create_table(
        "letter_consent",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("sort", sa.Text, nullable=False),
        sa.Column("wanted", sa.Boolean, nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_letter_consent_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_consent")),
    )
    op.create_index(op.f("ix_letter_consent_reader_id"), "letter_consent", ["reader_id"])


def downgrade() -> None:
    op.drop_table("letter_consent")
    op.drop_table("erasure")
    op.drop_table("erased_root")
    op.drop_column("stripe_event", "raw_sha256")

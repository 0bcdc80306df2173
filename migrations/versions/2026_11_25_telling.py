"""readers pass the newsroom on under a code of their own, and whom they brought may tell them"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_telling"
down_revision = "2026_11_25_appeals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "thanks_code",
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_thanks_code_reader_id")),
        sa.PrimaryKeyConstraint("reader_id", name=op.f("pk_thanks_code")),
        sa.UniqueConstraint("code", name=op.f("uq_thanks_code_code")),
    )
    op.create_table(
        "brought",
        sa.Column("checkout_id", db.Key, nullable=False),
        sa.Column("bringer_id", db.Key, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("told_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkout.id"], name=op.f("fk_brought_checkout_id")),
        sa.ForeignKeyConstraint(["bringer_id"], ["reader.id"], name=op.f("fk_brought_bringer_id")),
        sa.PrimaryKeyConstraint("checkout_id", name=op.f("pk_brought")),
    )
    op.create_index(op.f("ix_brought_bringer_id"), "brought", ["bringer_id"])


def downgrade() -> None:
    op.drop_table("brought")
    op.drop_table("thanks_code")

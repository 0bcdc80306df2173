"""how the newsroom is paid for: the limit and the names agreed to; links to share, volunteer and buy among the other ways"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_26_funding"
down_revision = "2026_11_26_second_step"
branch_labels = None
depends_on = None

LINKS = ("share", "volunteer", "shop")


def upgrade() -> None:
    op.create_table(
        "funding_limit",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("minor", db.Minor(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_funding_limit_only_one")),
        sa.CheckConstraint("minor > 0", name=op.f("ck_funding_limit_minor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding_limit")),
    )
    op.create_table(
        "funding_name",
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agreed_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("noted_by", db.Key),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_funding_name_reader_id")),
        sa.ForeignKeyConstraint(["noted_by"], ["reader.id"], name=op.f("fk_funding_name_noted_by")),
        sa.PrimaryKeyConstraint("reader_id", name=op.f("pk_funding_name")),
    )
    for name in LINKS:
        op.add_column("other_ways", sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    for name in LINKS:
        op.drop_column("other_ways", name)
    op.drop_table("funding_name")
    op.drop_table("funding_limit")

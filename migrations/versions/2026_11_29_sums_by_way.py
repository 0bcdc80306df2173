"""sums by way: what came by which article and appeal, what became of perks, and how many stayed"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_29_sums_by_way"
down_revision = "2026_11_28_alarms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roll_mark",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("upto", db.Key, nullable=False),
        sa.Column("rolled_at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('movement', 'payment', 'perk_step')", name=op.f("ck_roll_mark_source")),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_roll_mark")),
    )
    op.create_table(
        "touch_month",
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("article_id", db.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("patrons", "begun", "payments")),
        *(sa.Column(name, db.Minor(), nullable=False) for name in ("begun_gross", "gross")),
        sa.CheckConstraint(
            "way IN ('last', 'first', 'embed', 'campaign', 'language', 'appeal')", name=op.f("ck_touch_month_way")
        ),
        sa.PrimaryKeyConstraint("way", "month", "article_id", "name", "currency", name=op.f("pk_touch_month")),
    )
    op.create_index(op.f("ix_touch_month_article_id"), "touch_month", ["article_id"])
    op.create_table(
        "perk_month",
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("perk_id", "month", "was", "state", name=op.f("pk_perk_month")),
    )
    op.create_table(
        "stay",
        sa.Column("whose", sa.Text(), nullable=False),
        sa.Column("subject", db.Key, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("since", db.UtcTime(timezone=True), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("stayed", sa.Integer(), nullable=False),
        sa.CheckConstraint("whose IN ('voted', 'not', 'answered', 'unchosen')", name=op.f("ck_stay_whose")),
        sa.PrimaryKeyConstraint("whose", "subject", "months", name=op.f("pk_stay")),
    )


def downgrade() -> None:
    for table in ("stay", "perk_month", "touch_month", "roll_mark"):
        op.drop_table(table)

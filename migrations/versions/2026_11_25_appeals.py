"""appeals in variants, how often they were seen and clicked, and how a checkout's payer came"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_appeals"
down_revision = "2026_11_25_not_a_day_is_lost"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("article", sa.Column("language", sa.Text))
    op.create_table(
        "appeal",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("variants", sa.Integer, nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("began_at", db.UtcTime(timezone=True)),
        sa.Column("ended_at", db.UtcTime(timezone=True)),
        sa.Column("changed_at", db.UtcTime(timezone=True)),
        sa.CheckConstraint("state IN ('draft', 'running', 'ended')", name=op.f("ck_appeal_state")),
        sa.CheckConstraint("variants BETWEEN 1 AND 4", name=op.f("ck_appeal_variants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
    )
    running = sa.text("state = 'running'")
    op.create_index(
        "uq_appeal_running", "appeal", ["state"], unique=True, sqlite_where=running, postgresql_where=running
    )
    op.create_table(
        "appeal_text",
        sa.Column("appeal_id", db.Key, nullable=False),
        sa.Column("variant", sa.Integer, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("button", sa.Text, nullable=False),
        sa.Column("ways", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_appeal_text_appeal_id")),
        sa.PrimaryKeyConstraint("appeal_id", "variant", "language", name=op.f("pk_appeal_text")),
    )
    op.create_table(
        "appeal_count",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("appeal_id", db.Key, nullable=False),
        sa.Column("article_id", db.Key, nullable=False),
        sa.Column("variant", sa.Integer, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("clicked", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", "appeal_id", "article_id", "variant", "language", name=op.f("pk_appeal_count")),
    )
    op.create_table(
        "checkout_touch",
        sa.Column("checkout_id", db.Key, nullable=False),
        sa.Column("embed", sa.Text),
        sa.Column("appeal_id", db.Key),
        sa.Column("day", sa.Date),
        sa.Column("language", sa.Text),
        sa.Column("campaign", sa.Text),
        sa.Column("utm_source", sa.Text),
        sa.Column("utm_medium", sa.Text),
        sa.Column("utm_campaign", sa.Text),
        sa.Column("utm_content", sa.Text),
        sa.Column("utm_term", sa.Text),
        sa.Column("from_host", sa.Text),
        sa.Column("first_article_id", db.Key),
        sa.Column("first_day", sa.Date),
        sa.Column("thanks", sa.Text),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkout.id"], name=op.f("fk_checkout_touch_checkout_id")),
        sa.ForeignKeyConstraint(["first_article_id"], ["article.id"], name=op.f("fk_checkout_touch_first_article_id")),
        sa.PrimaryKeyConstraint("checkout_id", name=op.f("pk_checkout_touch")),
    )
    op.create_index("ix_checkout_touch_appeal_id", "checkout_touch", ["appeal_id"])
    op.create_index(op.f("ix_checkout_touch_first_article_id"), "checkout_touch", ["first_article_id"])


def downgrade() -> None:
    for table in ("checkout_touch", "appeal_count", "appeal_text", "appeal"):
        op.drop_table(table)
    op.drop_column("article", "language")

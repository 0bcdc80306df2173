"""campaigns with milestones and what those who gave wish; a payment knows the checkout it goes back to"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_26_campaigns"
down_revision = "2026_11_26_one_subscription"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("goal_kind", sa.Text(), nullable=False),
        sa.Column("goal", db.Minor(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("opens_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("closes_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("match_sponsor", sa.Text(), nullable=False),
        sa.Column("match_cap", db.Minor()),
        sa.Column("wall", sa.Boolean(), nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("published_at", db.UtcTime(timezone=True)),
        sa.Column("closed_at", db.UtcTime(timezone=True)),
        sa.CheckConstraint("goal_kind IN ('amount', 'patrons', 'mrr')", name=op.f("ck_campaign_goal_kind")),
        sa.CheckConstraint("scope IN ('carried', 'all')", name=op.f("ck_campaign_scope")),
        sa.CheckConstraint("goal > 0", name=op.f("ck_campaign_goal")),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_campaign_dates")),
        sa.CheckConstraint("(match_cap IS NULL) = (match_sponsor = '')", name=op.f("ck_campaign_match")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaign_slug")),
    )
    op.create_index(op.f("ix_campaign_published_at"), "campaign", ["published_at"])
    op.create_table(
        "campaign_milestone",
        sa.Column("campaign_id", db.Key, nullable=False),
        sa.Column("percent", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reached_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_milestone_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "percent", name=op.f("pk_campaign_milestone")),
    )
    op.create_table(
        "campaign_choice",
        sa.Column("campaign_id", db.Key, nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("wall", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("letters", sa.Boolean(), nullable=False),
        sa.Column("chosen_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("hidden_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_choice_campaign_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_campaign_choice_reader_id")),
        sa.PrimaryKeyConstraint("campaign_id", "reader_id", name=op.f("pk_campaign_choice")),
    )
    op.create_index(op.f("ix_campaign_choice_reader_id"), "campaign_choice", ["reader_id"])
    checkout = sa.ForeignKey("checkout.id", name=op.f("fk_payment_checkout_id"))
    op.add_column("payment", sa.Column("checkout_id", db.Key, checkout), inline_references=True)
    op.create_index(op.f("ix_payment_checkout_id"), "payment", ["checkout_id"])
    op.create_index("ix_checkout_touch_campaign", "checkout_touch", ["campaign"])
    # Memberships know the checkout that began them, so their payments do, too.
    op.execute(
        "UPDATE payment SET checkout_id = (SELECT m.checkout_id FROM membership m JOIN membership_payment p"
        " ON p.membership_id = m.id WHERE p.payment_id = payment.id) WHERE kind = 'membership'"
    )


def downgrade() -> None:
    op.drop_index("ix_checkout_touch_campaign", "checkout_touch")
    op.drop_index(op.f("ix_payment_checkout_id"), "payment")
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("payment") as batch_op:
            batch_op.drop_column("checkout_id")
    else:
        op.drop_column("payment", "checkout_id")
    for table in ("campaign_choice", "campaign_milestone", "campaign"):
        op.drop_table(table)

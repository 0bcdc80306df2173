"""memberships as gifts: what was bought for whom, and payments of their own kind"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_24_gifts"
down_revision = "2026_11_24_thin_events"
branch_labels = None
depends_on = None

BEFORE, AFTER = "kind IN ('membership', 'donation')", "kind IN ('membership', 'donation', 'gift')"


def change_kinds(before: str, after: str) -> None:
    """SQLite keeps a check in the table's own text, and copying tables that others point to would touch every one of
    them: the text is changed as sqlite.org/lang_altertable.html (section 7) describes for checks."""
    if op.get_bind().dialect.name != "sqlite":
        for table in ("checkout", "payment"):
            name = op.f(f"ck_{table}_ck_{table}_kind")  # as the first schema named it
            op.drop_constraint(name, table, type_="check")
            op.create_check_constraint(name, table, after)
        return
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema=ON")
    change = sa.text(
        "UPDATE sqlite_schema SET sql = replace(sql, :before, :after)"
        " WHERE type = 'table' AND name IN ('checkout', 'payment')"
    )
    op.get_bind().execute(change, {"before": before, "after": after})
    op.execute(f"PRAGMA schema_version={version + 1}")
    op.execute("PRAGMA writable_schema=OFF")


def upgrade() -> None:
    change_kinds(BEFORE, AFTER)
    op.create_table(
        "gift",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("checkout_id", db.Key, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("tier_id", db.Key, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("giver_name", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("recipient_name", sa.Text(), nullable=False),
        sa.Column("recipient_email", sa.Text(), nullable=True),
        sa.Column("deliver_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("payment_id", db.Key, nullable=True),
        sa.Column("giver_id", db.Key, nullable=True),
        sa.Column("bought_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("delivered_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("claimed_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("given_id", db.Key, nullable=True),
        sa.Column("withdrawn_for", sa.Text(), nullable=True),
        sa.CheckConstraint("months > 0", name=op.f("ck_gift_months")),
        sa.CheckConstraint("withdrawn_for IN ('refund', 'dispute')", name=op.f("ck_gift_withdrawn_for")),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkout.id"], name=op.f("fk_gift_checkout_id")),
        sa.ForeignKeyConstraint(["giver_id"], ["reader.id"], name=op.f("fk_gift_giver_id")),
        sa.ForeignKeyConstraint(["given_id"], ["given_membership.id"], name=op.f("fk_gift_given_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_gift_payment_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_gift_tier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift")),
        *(
            sa.UniqueConstraint(column, name=op.f(f"uq_gift_{column}"))
            for column in ("checkout_id", "token", "payment_id", "given_id")
        ),
    )
    op.create_index(op.f("ix_gift_giver_id"), "gift", ["giver_id"])


def downgrade() -> None:
    op.drop_table("gift")
    change_kinds(AFTER, BEFORE)

"""how long memberships last, the ledger by month, what payouts carried: sums that reports read"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_28_sums_of_spells"
down_revision = "2026_11_28_privacy"
branch_labels = None
depends_on = None

MARKS = ("ledger_upto", "payout_upto")
SUMS = ("roll_up", "movement_month", "cohort_month")


def upgrade() -> None:
    op.create_table(
        "spell_month",
        sa.Column("began", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("tier_id", db.Key, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("begun", "chosen", "failed")),
        sa.Column("yearly", db.Minor(), nullable=False),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_spell_month_tier_id")),
        sa.PrimaryKeyConstraint("began", "month", "currency", "tier_id", "source", name=op.f("pk_spell_month")),
    )
    op.create_table(
        "ledger_month",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("paid_for", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.PrimaryKeyConstraint("month", "currency", "paid_for", "method", "kind", name=op.f("pk_ledger_month")),
    )
    op.create_table(
        "payout_sum",
        sa.Column("payout_id", db.Key, nullable=False),
        sa.Column("payments", sa.Integer(), nullable=False),
        *(sa.Column(name, db.Minor(), nullable=False) for name in ("gross", "fees", "refunds", "disputes", "other")),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_payout_sum_payout_id")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_payout_sum")),
    )
    op.create_table(
        "snapshot",
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("report", name=op.f("pk_snapshot")),
    )
    _snapshot("recovery_month", ("state", "reason", "step", "how"), ("payments",), ("amount",))
    _snapshot("lapsed_month", ("kind", "reason"), ("people", "writable"), ("yearly", "paid"))
    op.create_index(op.f("ix_unpaid_invoice_first_failed_at"), "unpaid_invoice", ["first_failed_at"])
    op.create_index(op.f("ix_payout_created_at"), "payout", ["created_at"])
    for name in MARKS:
        op.add_column("roll_up", sa.Column(name, db.Key, nullable=False, server_default=sa.text("0")))
    for table in SUMS:
        op.execute(f"DELETE FROM {table}")  # noqa: S608  # the worker makes all sums anew, the new ones with them


def downgrade() -> None:
    for name in MARKS:
        op.drop_column("roll_up", name)
    op.drop_index(op.f("ix_payout_created_at"), "payout")
    op.drop_index(op.f("ix_unpaid_invoice_first_failed_at"), "unpaid_invoice")
    for table in ("lapsed_month", "recovery_month", "snapshot", "payout_sum", "ledger_month", "spell_month"):
        op.drop_table(table)


def _snapshot(table: str, keys: tuple[str, ...], counts: tuple[str, ...], sums: tuple[str, ...]) -> None:
    op.create_table(
        table,
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("month", "currency")),
        sa.Column("tier_id", db.Key, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("source", *keys)),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        *(sa.Column(name, db.Minor(), nullable=False) for name in sums),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f(f"fk_{table}_tier_id")),
        sa.PrimaryKeyConstraint("month", "currency", "tier_id", "source", *keys, name=op.f(f"pk_{table}")),
    )

"""against card testing: where payments began, what came of the tries, waves, suspensions, proofs and codes, chosen figures"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_24_guard"
down_revision = "2026_11_24_topics_found_and_told"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HELD = {"sqlite_where": sa.text("lifted_at IS NULL"), "postgresql_where": sa.text("lifted_at IS NULL")}
OPEN = {"sqlite_where": sa.text("is_open"), "postgresql_where": sa.text("is_open")}


def time(name: str, *, empty: bool = False) -> sa.Column:
    return sa.Column(name, db.UtcTime(timezone=True), nullable=empty)


def words(name: str, *, empty: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=empty)


def number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    op.create_index("ix_limit_count_window_start", "limit_count", ["window_start"])
    op.create_table("chosen_figure", words("name"), number("value"), sa.PrimaryKeyConstraint("name", name="pk_chosen_figure"))
    op.create_table(
        "checkout_origin",
        sa.Column("checkout_id", KEY, nullable=False),
        words("client"),
        words("network"),
        words("person"),
        words("near"),
        time("begun_at"),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkout.id"], name="fk_checkout_origin_checkout_id"),
        sa.PrimaryKeyConstraint("checkout_id", name="pk_checkout_origin"),
    )
    for column in ("client", "network", "person", "begun_at"):
        op.create_index(f"ix_checkout_origin_{column}", "checkout_origin", [column])
    op.create_table(
        "payment_try",
        words("charge_id"),
        sa.Column("checkout_id", KEY, nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        words("card", empty=True),
        time("at"),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkout.id"], name="fk_payment_try_checkout_id"),
        sa.PrimaryKeyConstraint("charge_id", name="pk_payment_try"),
    )
    for column in ("checkout_id", "card", "at"):
        op.create_index(f"ix_payment_try_{column}", "payment_try", [column])
    op.create_table(
        "decline_wave",
        sa.Column("id", KEY, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        time("opened_at"),
        time("closed_at", empty=True),
        number("tries"),
        number("declines"),
        sa.PrimaryKeyConstraint("id", name="pk_decline_wave"),
    )
    op.create_index("uq_decline_wave_open", "decline_wave", ["is_open"], unique=True, **OPEN)
    op.create_table(
        "suspension",
        sa.Column("id", KEY, nullable=False),
        words("kind"),
        words("subject"),
        words("shown"),
        number("tries"),
        number("declines"),
        time("suspended_at"),
        time("lifted_at", empty=True),
        sa.Column("lifted_by", KEY, nullable=True),
        sa.CheckConstraint("kind IN ('person', 'card', 'client', 'network')", name="ck_suspension_kind"),
        sa.ForeignKeyConstraint(["lifted_by"], ["reader.id"], name="fk_suspension_lifted_by"),
        sa.PrimaryKeyConstraint("id", name="pk_suspension"),
    )
    op.create_index("uq_suspension_held", "suspension", ["kind", "subject"], unique=True, **HELD)
    op.create_table(
        "spent_proof", words("nonce"), time("expires_at"), sa.PrimaryKeyConstraint("nonce", name="pk_spent_proof")
    )
    op.create_index("ix_spent_proof_expires_at", "spent_proof", ["expires_at"])
    op.create_table(
        "payment_code",
        sa.Column("id", KEY, nullable=False),
        words("browser_hash"),
        words("person"),
        words("code_hash"),
        time("expires_at"),
        time("used_at", empty=True),
        number("wrong_codes"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_code"),
    )
    for column in ("browser_hash", "expires_at"):
        op.create_index(f"ix_payment_code_{column}", "payment_code", [column])


def downgrade() -> None:
    tables = ("payment_code", "spent_proof", "suspension", "decline_wave", "payment_try", "checkout_origin", "chosen_figure")
    for table in tables:
        op.drop_table(table)
    op.drop_index("ix_limit_count_window_start", "limit_count")

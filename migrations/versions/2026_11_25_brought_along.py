"""bringing patrons along from other systems: files and their rows, who was brought along, and invitations"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_brought_along"
down_revision = "2026_11_25_telling"
branch_labels = None
depends_on = None

TIME = db.UtcTime(timezone=True)


def foreign(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("handed_in_at", TIME, nullable=False),
        sa.Column("handed_in_by", db.Key, nullable=True),
        sa.Column("rehearsed_at", TIME, nullable=True),
        sa.Column("asked_at", TIME, nullable=True),
        sa.Column("asked_by", db.Key, nullable=True),
        sa.Column("applied_at", TIME, nullable=True),
        sa.CheckConstraint(
            "form IN ('patreon', 'csv', 'ghost', 'memberful', 'steady')", name=op.f("ck_import_run_form")
        ),
        sa.CheckConstraint(
            "step IN ('reading', 'matching', 'judging', 'applying', 'resting')", name=op.f("ck_import_run_step")
        ),
        foreign("import_run", "handed_in_by", "reader"),
        foreign("import_run", "asked_by", "reader"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sa.UniqueConstraint("key", name=op.f("uq_import_run_key")),
    )
    op.create_table(
        "import_row",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("import_id", db.Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("cells", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("broken", sa.Boolean(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("their_tier", sa.Text(), nullable=True),
        sa.Column("tier_id", db.Key, nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount", db.Minor(), nullable=True),
        sa.Column("interval", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("deed", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reader_id", db.Key, nullable=True),
        sa.Column("done_at", TIME, nullable=True),
        sa.CheckConstraint(
            "verdict IN ('new', 'known', 'doubt', 'refused', 'left')", name=op.f("ck_import_row_verdict")
        ),
        sa.CheckConstraint(
            "deed IN ('adopt', 'invite', 'keep', 'know', 'nothing')", name=op.f("ck_import_row_deed")
        ),
        foreign("import_row", "import_id", "import_run"),
        foreign("import_row", "tier_id", "tier"),
        foreign("import_row", "reader_id", "reader"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
        sa.UniqueConstraint("import_id", "number", name=op.f("uq_import_row_import_id_number")),
    )
    op.create_index("ix_import_row_email_key", "import_row", ["import_id", "email_key"])
    op.create_index("ix_import_row_source_key", "import_row", ["import_id", "source_key"])
    op.create_index(op.f("ix_import_row_reader_id"), "import_row", ["reader_id"])
    op.create_table(
        "import_live_subscription",
        sa.Column("import_id", db.Key, nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("fits", sa.Boolean(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        foreign("import_live_subscription", "import_id", "import_run"),
        sa.PrimaryKeyConstraint("import_id", "subscription_id", name=op.f("pk_import_live_subscription")),
    )
    for column in ("customer_id", "email_key"):
        op.create_index(f"ix_import_live_subscription_{column}", "import_live_subscription", ["import_id", column])
    op.create_table(
        "brought_along",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("import_id", db.Key, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("tier_id", db.Key, nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount", db.Minor(), nullable=True),
        sa.Column("interval", sa.Text(), nullable=True),
        sa.Column("since", TIME, nullable=True),
        sa.Column("paid_until", TIME, nullable=True),
        sa.Column("letters", sa.Boolean(), nullable=True),
        sa.Column("brought_at", TIME, nullable=False),
        foreign("brought_along", "reader_id", "reader"),
        foreign("brought_along", "import_id", "import_run"),
        foreign("brought_along", "tier_id", "tier"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brought_along")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_brought_along_source_source_key")),
    )
    op.create_index(op.f("ix_brought_along_reader_id"), "brought_along", ["reader_id"])
    op.create_index(op.f("ix_brought_along_import_id"), "brought_along", ["import_id"])
    op.create_table(
        "invitation",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("brought_id", db.Key, nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("tier_id", db.Key, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("pledged_since", TIME, nullable=True),
        sa.Column("written_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("checkout_id", db.Key, nullable=True),
        sa.CheckConstraint("interval IN ('month', 'year')", name=op.f("ck_invitation_interval")),
        foreign("invitation", "brought_id", "brought_along"),
        foreign("invitation", "reader_id", "reader"),
        foreign("invitation", "tier_id", "tier"),
        foreign("invitation", "checkout_id", "checkout"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("brought_id", name=op.f("uq_invitation_brought_id")),
    )
    op.create_index(op.f("ix_invitation_reader_id"), "invitation", ["reader_id"])
    op.create_index(op.f("ix_invitation_checkout_id"), "invitation", ["checkout_id"])


def downgrade() -> None:
    for table in ("invitation", "brought_along", "import_live_subscription", "import_row", "import_run"):
        op.drop_table(table)

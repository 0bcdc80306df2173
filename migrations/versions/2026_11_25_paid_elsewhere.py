"""pledges that began elsewhere: their true age, time paid for there, subscriptions and payments taken over"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_paid_elsewhere"
down_revision = "2026_11_25_one_page_each"
branch_labels = None
depends_on = None

BEFORE, AFTER = "kind IN ('complimentary', 'gift')", "kind IN ('complimentary', 'gift', 'elsewhere')"
COLUMNS = {
    "membership": ("pledged_since", "adopted_at"),
    "membership_checkout": ("pledged_since",),
    "given_membership": ("pledged_since",),
    "payment": ("taken_over_at",),
}


def change_kinds(before: str, after: str) -> None:
    """SQLite keeps a check in the table's own text: changed as sqlite.org/lang_altertable.html (section 7) describes."""
    if op.get_bind().dialect.name != "sqlite":
        name = op.f("ck_given_membership_kind")
        op.drop_constraint(name, "given_membership", type_="check")
        op.create_check_constraint(name, "given_membership", after)
        return
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema=ON")
    change = sa.text(
        "UPDATE sqlite_schema SET sql = replace(sql, :before, :after)"
        " WHERE type = 'table' AND name = 'given_membership'"
    )
    op.get_bind().execute(change, {"before": before, "after": after})
    op.execute(f"PRAGMA schema_version={version + 1}")
    op.execute("PRAGMA writable_schema=OFF")


def upgrade() -> None:
    change_kinds(BEFORE, AFTER)
    for table, names in COLUMNS.items():
        for name in names:
            op.add_column(table, sa.Column(name, db.UtcTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table, names in COLUMNS.items():
        for name in names:
            op.drop_column(table, name)
    change_kinds(AFTER, BEFORE)

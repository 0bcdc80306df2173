"""thin events: an event knows the snapshot that tells the same change"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_thin_events"
down_revision = "2026_11_24_cover_the_fee"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stripe_event", sa.Column("snapshot_id", sa.Text()))
    told = sa.text("snapshot_id IS NOT NULL")
    op.create_index(
        "ix_stripe_event_snapshot", "stripe_event", ["snapshot_id"], sqlite_where=told, postgresql_where=told
    )


def downgrade() -> None:
    op.drop_index("ix_stripe_event_snapshot", "stripe_event")
    op.drop_column("stripe_event", "snapshot_id")

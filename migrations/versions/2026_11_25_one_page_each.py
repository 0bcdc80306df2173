"""the pages that one browser has open are found"""

from alembic import op

revision = "2026_11_25_one_page_each"
down_revision = "2026_11_24_votes_grouped"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_checkout_browser_hash"), "checkout", ["browser_hash"])


def downgrade() -> None:
    op.drop_index(op.f("ix_checkout_browser_hash"), "checkout")

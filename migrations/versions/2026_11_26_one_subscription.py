"""an import knows which line of its file leads to a live subscription"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_one_subscription"
down_revision = "2026_11_26_bulletins"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_live_subscription", sa.Column("line", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("import_live_subscription", "line")

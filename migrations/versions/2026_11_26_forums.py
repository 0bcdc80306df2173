"""a Discourse forum's secret, sealed, because it signs"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_forums"
down_revision = "2026_11_26_funding"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("community_client", sa.Column("sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("community_client", "sealed")

"""of several customers at Stripe that are one reader, one goes on and the others rest"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_26_one_payer"
down_revision = "2026_11_26_campaigns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stripe_customer", sa.Column("rests_since", db.UtcTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("stripe_customer", "rests_since")

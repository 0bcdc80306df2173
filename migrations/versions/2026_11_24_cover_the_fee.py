"""covering the fee: what a payment costs in each currency, and how much of a checkout is meant for it"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_24_cover_the_fee"
down_revision = "2026_11_24_given_standing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fee_cover",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=False),
        sa.Column("fixed", db.Minor(), nullable=False),
        sa.PrimaryKeyConstraint("currency", name="pk_fee_cover"),
    )
    op.add_column("checkout", sa.Column("fee_cover", db.Minor(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("checkout") as batch:
        batch.drop_column("fee_cover")
    op.drop_table("fee_cover")

"""votes are grouped by content and weight out of an index alone"""

from alembic import op

revision = "2026_11_24_votes_grouped"
down_revision = "2026_11_24_ways_to_ask"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_vote_groups", "vote", ["ballot_id", "content", "weight"])
    op.drop_index("ix_vote_content", "vote")


def downgrade() -> None:
    op.create_index("ix_vote_content", "vote", ["ballot_id", "content"])
    op.drop_index("ix_vote_groups", "vote")

"""standing that others give: complimentary memberships and claimed gifts, and the seats of a group"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_24_given_standing"
down_revision = "2026_11_23_second"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "given_membership",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("tier_id", db.Key, nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("begins_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("ends_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_by", db.Key, nullable=True),
        sa.Column("given_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("ended_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("ended_by", db.Key, nullable=True),
        sa.CheckConstraint("kind IN ('complimentary', 'gift')", name=op.f("ck_given_membership_kind")),
        sa.CheckConstraint("(begins_at IS NULL) = (ends_at IS NULL)", name=op.f("ck_given_membership_both_or_neither")),
        sa.CheckConstraint("begins_at <= ends_at", name=op.f("ck_given_membership_order")),
        sa.ForeignKeyConstraint(["ended_by"], ["reader.id"], name=op.f("fk_given_membership_ended_by")),
        sa.ForeignKeyConstraint(["given_by"], ["reader.id"], name=op.f("fk_given_membership_given_by")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_given_membership_reader_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_given_membership_tier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_membership")),
        sa.UniqueConstraint("key", name=op.f("uq_given_membership_key")),
    )
    for column in ("reader_id", "given_by", "ends_at"):
        op.create_index(op.f(f"ix_given_membership_{column}"), "given_membership", [column])
    op.create_table(
        "group_seat",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("membership_id", db.Key, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("offered_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("reader_id", db.Key, nullable=True),
        sa.Column("taken_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("freed_at", db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_group_seat_membership_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_group_seat_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_seat")),
        sa.UniqueConstraint("token", name=op.f("uq_group_seat_token")),
    )
    op.create_index(op.f("ix_group_seat_reader_id"), "group_seat", ["reader_id"])
    for name, column in (("uq_group_seat_held", "reader_id"), ("uq_group_seat_offered", "email_key")):
        held = sa.text("freed_at IS NULL")
        op.create_index(
            name, "group_seat", ["membership_id", column], unique=True, sqlite_where=held, postgresql_where=held
        )
    op.add_column("membership", sa.Column("seats", sa.Integer(), nullable=True))
    op.add_column("membership", sa.Column("next_seats", sa.Integer(), nullable=True))
    op.add_column("membership_checkout", sa.Column("seats", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("membership_checkout", "seats")
    op.drop_column("membership", "next_seats")
    op.drop_column("membership", "seats")
    op.drop_table("group_seat")
    op.drop_table("given_membership")

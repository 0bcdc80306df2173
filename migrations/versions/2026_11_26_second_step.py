"""the team's second step: passkeys, apps that show digits, recovery codes; sessions say when it was taken"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_26_second_step"
down_revision = "2026_11_26_one_payer"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reader_session", sa.Column("browser", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("reader_session", sa.Column("stepped_at", db.UtcTime(timezone=True), nullable=True))
    op.add_column("reader_session", sa.Column("fresh_until", db.UtcTime(timezone=True), nullable=True))
    op.create_table(
        "passkey",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("credential_id", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("added_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("used_at", db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_passkey_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_reader_id"), "passkey", ["reader_id"])
    op.create_table(
        "authenticator",
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("added_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_authenticator_reader_id")),
        sa.PrimaryKeyConstraint("reader_id", name=op.f("pk_authenticator")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.Text, nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("used_at", db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_recovery_code_reader_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_reader_id"), "recovery_code", ["reader_id"])
    op.create_table(
        "spent_challenge",
        sa.Column("challenge_hash", sa.Text, nullable=False),
        sa.Column("used_at", db.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_spent_challenge")),
    )


def downgrade() -> None:
    for table in ("spent_challenge", "recovery_code", "authenticator", "passkey"):
        op.drop_table(table)
    for column in ("fresh_until", "stepped_at", "browser"):
        op.drop_column("reader_session", column)

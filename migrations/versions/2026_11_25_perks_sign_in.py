"""community access: sites, consent, codes, tokens, and the keys that sign"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_perks_sign_in"
down_revision = "2026_11_25_brought_along"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("signs_from", db.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("kid", name=op.f("uq_signing_key_kid")),
    )
    op.create_table(
        "community_client",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("retired_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=op.f("fk_community_client_perk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_community_client")),
    )
    op.create_index(op.f("ix_community_client_perk_id"), "community_client", ["perk_id"])
    op.create_table(
        "community_code",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("used_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["client_id"], ["community_client.id"], name=op.f("fk_community_code_client_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_community_code_reader_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_community_code")),
    )
    op.create_index(op.f("ix_community_code_expires_at"), "community_code", ["expires_at"])
    op.create_index(op.f("ix_community_code_reader_id"), "community_code", ["reader_id"])
    op.create_table(
        "community_consent",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("agreed_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["community_client.id"], name=op.f("fk_community_consent_client_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_community_consent_reader_id")),
        sa.PrimaryKeyConstraint("client_id", "reader_id", name=op.f("pk_community_consent")),
        sa.UniqueConstraint("subject", name=op.f("uq_community_consent_subject")),
    )
    op.create_table(
        "community_token",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("expires_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("revoked_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["client_id"], ["community_client.id"], name=op.f("fk_community_token_client_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_community_token_reader_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_community_token")),
    )
    op.create_index(op.f("ix_community_token_code_hash"), "community_token", ["code_hash"])
    op.create_index(op.f("ix_community_token_expires_at"), "community_token", ["expires_at"])
    op.create_index(op.f("ix_community_token_reader_id"), "community_token", ["reader_id"])


def downgrade() -> None:
    for table in ("community_token", "community_code", "community_consent", "community_client", "signing_key"):
        op.drop_table(table)

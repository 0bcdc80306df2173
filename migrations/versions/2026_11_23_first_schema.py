"""the first schema"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_23_first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "article",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("first_seen_at", db.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_article")),
        sa.UniqueConstraint("address", name=("uq_article_address")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(("ix_audit_entry_actor_id"), ["actor_id"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_audit_head")),
    )
    op.create_table(
        "coffee",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("minor", db.Minor(), nullable=False),
        sa.PrimaryKeyConstraint("currency", name=("pk_coffee")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("leased_until", db.UtcTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("posted_at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('ready', 'running', 'parked')", name=("ck_job_state")),
        sa.PrimaryKeyConstraint("id", name=("pk_job")),
        sa.UniqueConstraint("key", name=("uq_job_key")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_due", ["due_at"], unique=False)

    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fleeting", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("sent_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'sent', 'failed')", name=("ck_letter_state")),
        sa.PrimaryKeyConstraint("id", name=("pk_letter")),
        sa.UniqueConstraint("key", name=("uq_letter_key")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index(
            "ix_letter_failed",
            ["state"],
            unique=False,
            sqlite_where=sa.text("state = 'failed'"),
            postgresql_where=sa.text("state = 'failed'"),
        )
        batch_op.create_index("ix_letter_reader_id", ["reader_id"], unique=False)

    op.create_table(
        "limit_count",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window_start", db.UtcTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "subject", "window_start", name=("pk_limit_count")),
    )
    op.create_table(
        "newsroom",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tagline", sa.Text(), nullable=False),
        sa.Column("mission", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=False),
        sa.Column("legal_address", sa.Text(), nullable=False),
        sa.Column("tax_number", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("accent", sa.Text(), nullable=False),
        sa.Column("opened_at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=("ck_newsroom_only_one")),
        sa.PrimaryKeyConstraint("id", name=("pk_newsroom")),
    )
    op.create_table(
        "other_ways",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("bic", sa.Text(), nullable=False),
        sa.Column("paypal", sa.Text(), nullable=False),
        sa.Column("cheque", sa.Text(), nullable=False),
        sa.Column("crypto_name", sa.Text(), nullable=False),
        sa.Column("crypto_address", sa.Text(), nullable=False),
        sa.Column("in_kind", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=("ck_other_ways_only_one")),
        sa.PrimaryKeyConstraint("id", name=("pk_other_ways")),
    )
    op.create_table(
        "page",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("slug", name=("pk_page")),
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("arrives_at", db.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_payout")),
        sa.UniqueConstraint("stripe_id", name=("uq_payout_stripe_id")),
    )
    op.create_table(
        "perk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("blurb", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("retired_at", db.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('link')", name=("ck_perk_kind")),
        sa.PrimaryKeyConstraint("id", name=("pk_perk")),
        sa.UniqueConstraint("slug", name=("uq_perk_slug")),
    )
    op.create_table(
        "reader",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("erased_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("merged_at", db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["merged_into_id"], ["reader.id"], name=("fk_reader_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_reader")),
    )
    op.create_table(
        "receipt_book",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=("pk_receipt_book")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", db.UtcTime(timezone=True), nullable=False),
        sa.Column("began_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("ended_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_reconciliation")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_site")),
        sa.UniqueConstraint("origin", name=("uq_site_origin")),
    )
    op.create_table(
        "stripe_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("root_id", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=True),
        sa.Column("created_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("received_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("applied_at", db.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('new', 'applied', 'ignored')", name=("ck_stripe_event_state")),
        sa.PrimaryKeyConstraint("id", name=("pk_stripe_event")),
    )
    with op.batch_alter_table("stripe_event", schema=None) as batch_op:
        batch_op.create_index("ix_stripe_event_root", ["root_id", "state"], unique=False)

    op.create_table(
        "tier",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("blurb", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stripe_product_id", sa.Text(), nullable=True),
        sa.Column("archived_at", db.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=("pk_tier")),
        sa.UniqueConstraint("slug", name=("uq_tier_slug")),
        sa.UniqueConstraint("stripe_product_id", name=("uq_tier_stripe_product_id")),
    )
    op.create_table(
        "worker_beat",
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=("pk_worker_beat")),
    )
    op.create_table(
        "address_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("asked_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("used_at", db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_address_change_reader_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_address_change")),
        sa.UniqueConstraint("token_hash", name=("uq_address_change_token_hash")),
    )
    with op.batch_alter_table("address_change", schema=None) as batch_op:
        batch_op.create_index(("ix_address_change_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "ballot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opens_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("closes_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("roll_frozen_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("lot_commitment", sa.Text(), nullable=True),
        sa.Column("lot_salt", sa.Text(), nullable=True),
        sa.Column("lot_order", sa.Text(), nullable=True),
        sa.Column("log_head", sa.Text(), nullable=False),
        sa.Column("log_length", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("result_sha", sa.Text(), nullable=True),
        sa.Column("closed_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(status = 'final') = (result IS NOT NULL)", name=("ck_ballot_result_when_final")),
        sa.CheckConstraint("status IN ('draft', 'open', 'final', 'void')", name=("ck_ballot_status")),
        sa.CheckConstraint("opens_at < closes_at", name=("ck_ballot_times")),
        sa.CheckConstraint("quorum >= 0", name=("ck_ballot_quorum")),
        sa.CheckConstraint("seats >= 1", name=("ck_ballot_seats")),
        sa.ForeignKeyConstraint(["made_by"], ["reader.id"], name=("fk_ballot_made_by")),
        sa.PrimaryKeyConstraint("id", name=("pk_ballot")),
        sa.UniqueConstraint("attempt", name=("uq_ballot_attempt")),
        sa.UniqueConstraint("slug", name=("uq_ballot_slug")),
    )
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.create_index("ix_ballot_status", ["status", "closes_at"], unique=False)

    op.create_table(
        "checkout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("session_url", sa.Text(), nullable=True),
        sa.Column("begun_at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('membership', 'donation')", name=("ck_checkout_kind")),
        sa.CheckConstraint(
            "state IN ('begun', 'open', 'waiting', 'paid', 'failed', 'expired')", name=("ck_checkout_state")
        ),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=("fk_checkout_article_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_checkout_reader_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_checkout")),
        sa.UniqueConstraint("attempt", name=("uq_checkout_attempt")),
        sa.UniqueConstraint("session_id", name=("uq_checkout_session_id")),
        sa.UniqueConstraint("token", name=("uq_checkout_token")),
    )
    with op.batch_alter_table("checkout", schema=None) as batch_op:
        batch_op.create_index(("ix_checkout_article_id"), ["article_id"], unique=False)
        batch_op.create_index(("ix_checkout_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "drift",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("root_id", sa.Text(), nullable=True),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ours", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Text(), nullable=False),
        sa.Column("found_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("settled_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_drift_reader_id")),
        sa.ForeignKeyConstraint(["settled_by"], ["reader.id"], name=("fk_drift_settled_by")),
        sa.PrimaryKeyConstraint("id", name=("pk_drift")),
    )
    with op.batch_alter_table("drift", schema=None) as batch_op:
        batch_op.create_index(("ix_drift_reader_id"), ["reader_id"], unique=False)
        batch_op.create_index("ix_drift_root", ["root_id", "settled_at"], unique=False)
        batch_op.create_index(
            "uq_drift_open",
            ["kind", "object"],
            unique=True,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    op.create_table(
        "patron_note",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["reader.id"], name=("fk_patron_note_author_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_patron_note_reader_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_patron_note")),
        sa.UniqueConstraint("attempt", name=("uq_patron_note_attempt")),
    )
    with op.batch_alter_table("patron_note", schema=None) as batch_op:
        batch_op.create_index(("ix_patron_note_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("paid_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("payment_intent_id", sa.Text(), nullable=True),
        sa.Column("charge_id", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("card_brand", sa.Text(), nullable=True),
        sa.Column("card_last4", sa.Text(), nullable=True),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("kind IN ('membership', 'donation')", name=("ck_payment_kind")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=("fk_payment_article_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_payment_reader_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_payment")),
        sa.UniqueConstraint("stripe_id", name=("uq_payment_stripe_id")),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index(("ix_payment_article_id"), ["article_id"], unique=False)
        batch_op.create_index(("ix_payment_charge_id"), ["charge_id"], unique=False)
        batch_op.create_index(("ix_payment_paid_at"), ["paid_at"], unique=False)
        batch_op.create_index(("ix_payment_payment_intent_id"), ["payment_intent_id"], unique=False)
        batch_op.create_index(("ix_payment_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "payout_line",
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("payout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("net", db.Minor(), nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=("fk_payout_line_payout_id")),
        sa.PrimaryKeyConstraint("stripe_id", name=("pk_payout_line")),
    )
    with op.batch_alter_table("payout_line", schema=None) as batch_op:
        batch_op.create_index(("ix_payout_line_payout_id"), ["payout_id"], unique=False)

    op.create_table(
        "perk_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("perk_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("issued_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=("fk_perk_grant_perk_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_perk_grant_reader_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_perk_grant")),
        sa.UniqueConstraint("code", name=("uq_perk_grant_code")),
        sa.UniqueConstraint("perk_id", "reader_id", name=("uq_perk_grant_perk_id_reader_id")),
    )
    with op.batch_alter_table("perk_grant", schema=None) as batch_op:
        batch_op.create_index(("ix_perk_grant_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "perk_tier",
        sa.Column("perk_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=("fk_perk_tier_perk_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=("fk_perk_tier_tier_id")),
        sa.PrimaryKeyConstraint("perk_id", "tier_id", name=("pk_perk_tier")),
    )
    op.create_table(
        "person",
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_person_reader_id")),
        sa.PrimaryKeyConstraint("reader_id", name=("pk_person")),
        sa.UniqueConstraint("email_key", name=("uq_person_email_key")),
    )
    op.create_table(
        "reader_session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("seen_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("ended_at", db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_reader_session_reader_id")),
        sa.PrimaryKeyConstraint("token_hash", name=("pk_reader_session")),
    )
    with op.batch_alter_table("reader_session", schema=None) as batch_op:
        batch_op.create_index(("ix_reader_session_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "receipt_details",
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_receipt_details_reader_id")),
        sa.PrimaryKeyConstraint("reader_id", name=("pk_receipt_details")),
    )
    op.create_table(
        "sign_in_challenge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("next_path", sa.Text(), nullable=False),
        sa.Column("created_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("used_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_sign_in_challenge_reader_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_sign_in_challenge")),
        sa.UniqueConstraint("token_hash", name=("uq_sign_in_challenge_token_hash")),
    )
    with op.batch_alter_table("sign_in_challenge", schema=None) as batch_op:
        batch_op.create_index(("ix_sign_in_challenge_browser_hash"), ["browser_hash"], unique=False)
        batch_op.create_index(("ix_sign_in_challenge_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "staff_role",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("granted_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ended_at", db.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'manager', 'admin')", name=("ck_staff_role_role")),
        sa.ForeignKeyConstraint(["granted_by"], ["reader.id"], name=("fk_staff_role_granted_by")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_staff_role_reader_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_staff_role")),
    )
    with op.batch_alter_table("staff_role", schema=None) as batch_op:
        batch_op.create_index(
            "uq_staff_role_held",
            ["reader_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "stripe_customer",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_stripe_customer_reader_id")),
        sa.PrimaryKeyConstraint("customer_id", name=("pk_stripe_customer")),
    )
    with op.batch_alter_table("stripe_customer", schema=None) as batch_op:
        batch_op.create_index(("ix_stripe_customer_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "swept",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["reconciliation.id"], name=("fk_swept_run_id")),
        sa.PrimaryKeyConstraint("run_id", "subscription_id", name=("pk_swept")),
    )
    op.create_table(
        "tier_price",
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("minor", db.Minor(), nullable=False),
        sa.Column("stripe_price_id", sa.Text(), nullable=True),
        sa.CheckConstraint("interval IN ('month', 'year')", name=("ck_tier_price_interval")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=("fk_tier_price_tier_id")),
        sa.PrimaryKeyConstraint("tier_id", "currency", "interval", name=("pk_tier_price")),
    )
    op.create_table(
        "topic",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("proposer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("proposed_at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name=("ck_topic_merged_into")),
        sa.CheckConstraint(
            "state IN ('proposed', 'accepted', 'declined', 'needs_facts', 'merged')", name=("ck_topic_state")
        ),
        sa.ForeignKeyConstraint(["merged_into_id"], ["topic.id"], name=("fk_topic_merged_into_id")),
        sa.ForeignKeyConstraint(["proposer_id"], ["reader.id"], name=("fk_topic_proposer_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_topic")),
        sa.UniqueConstraint("attempt", name=("uq_topic_attempt")),
        sa.UniqueConstraint("slug", name=("uq_topic_slug")),
    )
    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.create_index(("ix_topic_proposer_id"), ["proposer_id"], unique=False)
        batch_op.create_index("ix_topic_state", ["state"], unique=False)

    op.create_table(
        "ballot_log",
        sa.Column("ballot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=("fk_ballot_log_ballot_id")),
        sa.PrimaryKeyConstraint("ballot_id", "seq", name=("pk_ballot_log")),
    )
    op.create_table(
        "ballot_option",
        sa.Column("ballot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=("fk_ballot_option_ballot_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=("fk_ballot_option_topic_id")),
        sa.PrimaryKeyConstraint("ballot_id", "position", name=("pk_ballot_option")),
        sa.UniqueConstraint("ballot_id", "topic_id", name=("uq_ballot_option_ballot_id_topic_id")),
    )
    with op.batch_alter_table("ballot_option", schema=None) as batch_op:
        batch_op.create_index(("ix_ballot_option_topic_id"), ["topic_id"], unique=False)

    op.create_table(
        "ballot_pending",
        sa.Column("ballot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.CheckConstraint("event IN ('cast', 'replaced')", name=("ck_ballot_pending_event")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=("fk_ballot_pending_ballot_id")),
        sa.PrimaryKeyConstraint("ballot_id", "id", name=("pk_ballot_pending")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballot_roll",
        sa.Column("ballot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("paid_until", db.UtcTime(timezone=True), nullable=True),
        sa.Column("voted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=("fk_ballot_roll_ballot_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_ballot_roll_reader_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=("fk_ballot_roll_tier_id")),
        sa.PrimaryKeyConstraint("ballot_id", "reader_id", name=("pk_ballot_roll")),
    )
    with op.batch_alter_table("ballot_roll", schema=None) as batch_op:
        batch_op.create_index(("ix_ballot_roll_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "ballot_seal",
        sa.Column("ballot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("lots", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=("fk_ballot_seal_ballot_id")),
        sa.PrimaryKeyConstraint("ballot_id", name=("pk_ballot_seal")),
    )
    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=("fk_dispute_payment_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_dispute")),
        sa.UniqueConstraint("stripe_id", name=("uq_dispute_stripe_id")),
    )
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.create_index(("ix_dispute_payment_id"), ["payment_id"], unique=False)

    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('gross', 'fee', 'refund', 'refund_returned', 'dispute', 'payout', 'other')",
            name=("ck_ledger_entry_kind"),
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=("fk_ledger_entry_payment_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_ledger_entry")),
        sa.UniqueConstraint("stripe_id", "kind", name=("uq_ledger_entry_stripe_id_kind")),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index(("ix_ledger_entry_payment_id"), ["payment_id"], unique=False)

    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("checkout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("counted", db.Minor(), nullable=False),
        sa.Column("started_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("period_ends_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("paid_until", db.UtcTime(timezone=True), nullable=True),
        sa.Column("free_until", db.UtcTime(timezone=True), nullable=True),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("resumes_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("next_tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("next_amount", db.Minor(), nullable=True),
        sa.Column("next_interval", sa.Text(), nullable=True),
        sa.Column("next_from", db.UtcTime(timezone=True), nullable=True),
        sa.Column("ends_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("ended_at", db.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint("interval IN ('month', 'year')", name=("ck_membership_interval")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=("fk_membership_article_id")),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkout.id"], name=("fk_membership_checkout_id")),
        sa.ForeignKeyConstraint(["next_tier_id"], ["tier.id"], name=("fk_membership_next_tier_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_membership_reader_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=("fk_membership_tier_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_membership")),
        sa.UniqueConstraint("checkout_id", name=("uq_membership_checkout_id")),
        sa.UniqueConstraint("subscription_id", name=("uq_membership_subscription_id")),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(("ix_membership_article_id"), ["article_id"], unique=False)
        batch_op.create_index(("ix_membership_paid_until"), ["paid_until"], unique=False)
        batch_op.create_index(("ix_membership_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "membership_checkout",
        sa.Column("checkout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkout.id"], name=("fk_membership_checkout_checkout_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=("fk_membership_checkout_tier_id")),
        sa.PrimaryKeyConstraint("checkout_id", name=("pk_membership_checkout")),
    )
    op.create_table(
        "other_gift",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recorded_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("undone_at", db.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "way IN ('bank_transfer', 'paypal', 'cheque', 'crypto', 'in_kind', 'cash')", name=("ck_other_gift_way")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=("fk_other_gift_payment_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["reader.id"], name=("fk_other_gift_recorded_by")),
        sa.PrimaryKeyConstraint("payment_id", name=("pk_other_gift")),
    )
    op.create_table(
        "promise",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ballot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("story_url", sa.Text(), nullable=True),
        sa.Column("story_title", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("closed_at", db.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'declined' OR reason IS NOT NULL", name=("ck_promise_declined_with_reason")),
        sa.CheckConstraint("state <> 'published' OR story_url IS NOT NULL", name=("ck_promise_published_with_story")),
        sa.CheckConstraint("state IN ('accepted', 'reporting', 'published', 'declined')", name=("ck_promise_state")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=("fk_promise_ballot_id")),
        sa.ForeignKeyConstraint(["editor_id"], ["reader.id"], name=("fk_promise_editor_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=("fk_promise_topic_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_promise")),
        sa.UniqueConstraint("ballot_id", "topic_id", name=("uq_promise_ballot_id_topic_id")),
    )
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.create_index("ix_promise_state", ["state"], unique=False)
        batch_op.create_index(("ix_promise_topic_id"), ["topic_id"], unique=False)

    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("issued_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("voided_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("payer", sa.Text(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=("fk_receipt_payment_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_receipt")),
        sa.UniqueConstraint("year", "sequence", name=("uq_receipt_year_sequence")),
    )
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.create_index(("ix_receipt_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(
            "uq_receipt_valid",
            ["payment_id"],
            unique=True,
            sqlite_where=sa.text("voided_at IS NULL"),
            postgresql_where=sa.text("voided_at IS NULL"),
        )

    op.create_table(
        "refund",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=True),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("asked_at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'refused', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled')",
            name=("ck_refund_state"),
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["reader.id"], name=("fk_refund_asked_by")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=("fk_refund_payment_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_refund")),
        sa.UniqueConstraint("stripe_id", name=("uq_refund_stripe_id")),
        sa.UniqueConstraint("token", name=("uq_refund_token")),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(("ix_refund_payment_id"), ["payment_id"], unique=False)

    op.create_table(
        "topic_decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('accepted', 'declined', 'needs_facts', 'merged')", name=("ck_topic_decision_kind")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["reader.id"], name=("fk_topic_decision_decided_by")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=("fk_topic_decision_topic_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_topic_decision")),
    )
    with op.batch_alter_table("topic_decision", schema=None) as batch_op:
        batch_op.create_index(("ix_topic_decision_topic_id"), ["topic_id"], unique=False)

    op.create_table(
        "topic_link",
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=("fk_topic_link_topic_id")),
        sa.PrimaryKeyConstraint("topic_id", "position", name=("pk_topic_link")),
    )
    op.create_table(
        "topic_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=("fk_topic_step_topic_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_topic_step")),
        sa.UniqueConstraint("topic_id", "kind", "address", name=("uq_topic_step_topic_id_kind_address")),
    )
    op.create_table(
        "topic_support",
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("supported_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_topic_support_reader_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=("fk_topic_support_topic_id")),
        sa.PrimaryKeyConstraint("topic_id", "reader_id", name=("pk_topic_support")),
    )
    with op.batch_alter_table("topic_support", schema=None) as batch_op:
        batch_op.create_index(("ix_topic_support_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "vote",
        sa.Column("ballot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("voter_ref", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=("fk_vote_ballot_id")),
        sa.PrimaryKeyConstraint("ballot_id", "code", name=("pk_vote")),
        sa.UniqueConstraint("ballot_id", "voter_ref", name=("uq_vote_ballot_id_voter_ref")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.create_index("ix_vote_content", ["ballot_id", "content"], unique=False)

    op.create_table(
        "card_link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("spent_at", db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=("fk_card_link_membership_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_card_link")),
        sa.UniqueConstraint("token_hash", name=("uq_card_link_token_hash")),
    )
    with op.batch_alter_table("card_link", schema=None) as batch_op:
        batch_op.create_index(("ix_card_link_membership_id"), ["membership_id"], unique=False)

    op.create_table(
        "leaving_reason",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN ('money', 'time', 'reporting', 'influence', 'moved', 'other')", name=("ck_leaving_reason_reason")
        ),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=("fk_leaving_reason_membership_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_leaving_reason")),
        sa.UniqueConstraint("membership_id", name=("uq_leaving_reason_membership_id")),
    )
    op.create_table(
        "membership_payment",
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("period_start", db.UtcTime(timezone=True), nullable=False),
        sa.Column("period_end", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=("fk_membership_payment_membership_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=("fk_membership_payment_payment_id")),
        sa.PrimaryKeyConstraint("payment_id", name=("pk_membership_payment")),
    )
    with op.batch_alter_table("membership_payment", schema=None) as batch_op:
        batch_op.create_index(("ix_membership_payment_membership_id"), ["membership_id"], unique=False)

    op.create_table(
        "movement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("yearly", db.Minor(), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('new', 'returned', 'raised', 'lowered', 'left', 'lost')", name=("ck_movement_kind")
        ),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=("fk_movement_membership_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=("fk_movement_reader_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=("fk_movement_tier_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_movement")),
        sa.UniqueConstraint("membership_id", "sequence", name=("uq_movement_membership_id_sequence")),
    )
    with op.batch_alter_table("movement", schema=None) as batch_op:
        batch_op.create_index("ix_movement_at", ["at"], unique=False)
        batch_op.create_index(("ix_movement_reader_id"), ["reader_id"], unique=False)

    op.create_table(
        "promise_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("promise_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('made', 'dated', 'published', 'declined')", name=("ck_promise_step_kind")),
        sa.ForeignKeyConstraint(["by"], ["reader.id"], name=("fk_promise_step_by")),
        sa.ForeignKeyConstraint(["promise_id"], ["promise.id"], name=("fk_promise_step_promise_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_promise_step")),
    )
    with op.batch_alter_table("promise_step", schema=None) as batch_op:
        batch_op.create_index(("ix_promise_step_promise_id"), ["promise_id"], unique=False)

    op.create_table(
        "unpaid_invoice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", db.Minor(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("hosted_url", sa.Text(), nullable=True),
        sa.Column("first_failed_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("last_step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_at", db.UtcTime(timezone=True), nullable=True),
        sa.Column("recovered_by", sa.Text(), nullable=True),
        sa.Column("recovered_step", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('expired', 'funds', 'confirm', 'lost', 'returned', 'other')", name=("ck_unpaid_invoice_reason")
        ),
        sa.CheckConstraint("state IN ('open', 'recovered', 'given_up')", name=("ck_unpaid_invoice_state")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=("fk_unpaid_invoice_membership_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_unpaid_invoice")),
        sa.UniqueConstraint("invoice_id", name=("uq_unpaid_invoice_invoice_id")),
    )
    with op.batch_alter_table("unpaid_invoice", schema=None) as batch_op:
        batch_op.create_index(("ix_unpaid_invoice_membership_id"), ["membership_id"], unique=False)

    op.create_table(
        "card_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("begun_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("taken_at", db.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('begun', 'taken', 'done', 'refused')", name=("ck_card_change_state")),
        sa.ForeignKeyConstraint(["link_id"], ["card_link.id"], name=("fk_card_change_link_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=("fk_card_change_membership_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_card_change")),
        sa.UniqueConstraint("session_id", name=("uq_card_change_session_id")),
        sa.UniqueConstraint("token", name=("uq_card_change_token")),
    )
    with op.batch_alter_table("card_change", schema=None) as batch_op:
        batch_op.create_index(("ix_card_change_membership_id"), ["membership_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("card_change", schema=None) as batch_op:
        batch_op.drop_index("ix_card_change_membership_id")

    op.drop_table("card_change")
    with op.batch_alter_table("unpaid_invoice", schema=None) as batch_op:
        batch_op.drop_index("ix_unpaid_invoice_membership_id")

    op.drop_table("unpaid_invoice")
    with op.batch_alter_table("promise_step", schema=None) as batch_op:
        batch_op.drop_index("ix_promise_step_promise_id")

    op.drop_table("promise_step")
    with op.batch_alter_table("movement", schema=None) as batch_op:
        batch_op.drop_index("ix_movement_reader_id")
        batch_op.drop_index("ix_movement_at")

    op.drop_table("movement")
    with op.batch_alter_table("membership_payment", schema=None) as batch_op:
        batch_op.drop_index("ix_membership_payment_membership_id")

    op.drop_table("membership_payment")
    op.drop_table("leaving_reason")
    with op.batch_alter_table("card_link", schema=None) as batch_op:
        batch_op.drop_index("ix_card_link_membership_id")

    op.drop_table("card_link")
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.drop_index("ix_vote_content")

    op.drop_table("vote")
    with op.batch_alter_table("topic_support", schema=None) as batch_op:
        batch_op.drop_index("ix_topic_support_reader_id")

    op.drop_table("topic_support")
    op.drop_table("topic_step")
    op.drop_table("topic_link")
    with op.batch_alter_table("topic_decision", schema=None) as batch_op:
        batch_op.drop_index("ix_topic_decision_topic_id")

    op.drop_table("topic_decision")
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.drop_index("ix_refund_payment_id")

    op.drop_table("refund")
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_receipt_valid", sqlite_where=sa.text("voided_at IS NULL"), postgresql_where=sa.text("voided_at IS NULL")
        )
        batch_op.drop_index("ix_receipt_payment_id")

    op.drop_table("receipt")
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.drop_index("ix_promise_topic_id")
        batch_op.drop_index("ix_promise_state")

    op.drop_table("promise")
    op.drop_table("other_gift")
    op.drop_table("membership_checkout")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index("ix_membership_reader_id")
        batch_op.drop_index("ix_membership_paid_until")
        batch_op.drop_index("ix_membership_article_id")

    op.drop_table("membership")
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_entry_payment_id")

    op.drop_table("ledger_entry")
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.drop_index("ix_dispute_payment_id")

    op.drop_table("dispute")
    op.drop_table("ballot_seal")
    with op.batch_alter_table("ballot_roll", schema=None) as batch_op:
        batch_op.drop_index("ix_ballot_roll_reader_id")

    op.drop_table("ballot_roll")
    op.drop_table("ballot_pending")
    with op.batch_alter_table("ballot_option", schema=None) as batch_op:
        batch_op.drop_index("ix_ballot_option_topic_id")

    op.drop_table("ballot_option")
    op.drop_table("ballot_log")
    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.drop_index("ix_topic_state")
        batch_op.drop_index("ix_topic_proposer_id")

    op.drop_table("topic")
    op.drop_table("tier_price")
    op.drop_table("swept")
    with op.batch_alter_table("stripe_customer", schema=None) as batch_op:
        batch_op.drop_index("ix_stripe_customer_reader_id")

    op.drop_table("stripe_customer")
    with op.batch_alter_table("staff_role", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_staff_role_held", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )

    op.drop_table("staff_role")
    with op.batch_alter_table("sign_in_challenge", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_challenge_reader_id")
        batch_op.drop_index("ix_sign_in_challenge_browser_hash")

    op.drop_table("sign_in_challenge")
    op.drop_table("receipt_details")
    with op.batch_alter_table("reader_session", schema=None) as batch_op:
        batch_op.drop_index("ix_reader_session_reader_id")

    op.drop_table("reader_session")
    op.drop_table("person")
    op.drop_table("perk_tier")
    with op.batch_alter_table("perk_grant", schema=None) as batch_op:
        batch_op.drop_index("ix_perk_grant_reader_id")

    op.drop_table("perk_grant")
    with op.batch_alter_table("payout_line", schema=None) as batch_op:
        batch_op.drop_index("ix_payout_line_payout_id")

    op.drop_table("payout_line")
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_reader_id")
        batch_op.drop_index("ix_payment_payment_intent_id")
        batch_op.drop_index("ix_payment_paid_at")
        batch_op.drop_index("ix_payment_charge_id")
        batch_op.drop_index("ix_payment_article_id")

    op.drop_table("payment")
    with op.batch_alter_table("patron_note", schema=None) as batch_op:
        batch_op.drop_index("ix_patron_note_reader_id")

    op.drop_table("patron_note")
    with op.batch_alter_table("drift", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_drift_open", sqlite_where=sa.text("settled_at IS NULL"), postgresql_where=sa.text("settled_at IS NULL")
        )
        batch_op.drop_index("ix_drift_root")
        batch_op.drop_index("ix_drift_reader_id")

    op.drop_table("drift")
    with op.batch_alter_table("checkout", schema=None) as batch_op:
        batch_op.drop_index("ix_checkout_reader_id")
        batch_op.drop_index("ix_checkout_article_id")

    op.drop_table("checkout")
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.drop_index("ix_ballot_status")

    op.drop_table("ballot")
    with op.batch_alter_table("address_change", schema=None) as batch_op:
        batch_op.drop_index("ix_address_change_reader_id")

    op.drop_table("address_change")
    op.drop_table("worker_beat")
    op.drop_table("tier")
    with op.batch_alter_table("stripe_event", schema=None) as batch_op:
        batch_op.drop_index("ix_stripe_event_root")

    op.drop_table("stripe_event")
    op.drop_table("site")
    op.drop_table("reconciliation")
    op.drop_table("receipt_book")
    op.drop_table("reader")
    op.drop_table("perk")
    op.drop_table("payout")
    op.drop_table("page")
    op.drop_table("other_ways")
    op.drop_table("newsroom")
    op.drop_table("limit_count")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index("ix_letter_reader_id")
        batch_op.drop_index(
            "ix_letter_failed", sqlite_where=sa.text("state = 'failed'"), postgresql_where=sa.text("state = 'failed'")
        )

    op.drop_table("letter")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_due")

    op.drop_table("job")
    op.drop_table("coffee")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_actor_id")

    op.drop_table("audit_entry")
    op.drop_table("article")

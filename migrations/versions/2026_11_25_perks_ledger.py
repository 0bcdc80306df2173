"""a ledger of perks: terms, each state a dated row, and what the kinds hand out and ask for"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_25_perks_ledger"
down_revision = "2026_11_25_rolls_told"
branch_labels = None
depends_on = None

KINDS = "'link', 'file', 'code', 'shared_code', 'feed', 'event', 'thing', 'wall', 'community', 'badge'"
STATES = "'issued', 'claimed', 'redeemed', 'expired', 'revoked'"
PERK = "id, slug, title, blurb, kind, address, retired_at"
GRANT = "id, perk_id, reader_id, code, issued_at"
MADE = (
    "perk_batch_grant", "perk_batch", "wall_name", "perk_parcel", "postal_address", "perk_seat", "perk_feed", "perk_episode",
    "perk_file_content", "perk_file", "perk_code", "perk_step",
)  # fmt: skip


def upgrade() -> None:
    _write_anew() if op.get_bind().dialect.name == "sqlite" else _alter()
    op.create_index("ix_perk_grant_reader_id", "perk_grant", ["reader_id"])
    op.create_index("ix_perk_grant_perk_id_state", "perk_grant", ["perk_id", "state"])
    _make_tables()
    op.execute(
        "INSERT INTO perk_step (grant_id, state, at, why) SELECT id, 'issued', issued_at, '' FROM perk_grant ORDER BY id"
    )


def downgrade() -> None:
    """What the old schema has no room for goes with it: other kinds than links, and what was issued again."""
    for table in MADE:
        op.drop_table(table)
    op.execute("DELETE FROM perk_grant WHERE number > 1 OR perk_id IN (SELECT id FROM perk WHERE kind <> 'link')")
    op.execute("DELETE FROM perk_tier WHERE perk_id IN (SELECT id FROM perk WHERE kind <> 'link')")
    op.execute("DELETE FROM perk WHERE kind <> 'link'")
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_perk_grant_perk_id_state", "perk_grant")
        _write_before()
        op.create_index("ix_perk_grant_reader_id", "perk_grant", ["reader_id"])
        return
    op.drop_index("ix_perk_grant_perk_id_state", "perk_grant")
    _drop_rules("perk_grant", unique=True)
    for column in ("number", "state", "expires_at"):
        op.drop_column("perk_grant", column)
    op.create_unique_constraint(op.f("uq_perk_grant_perk_id_reader_id"), "perk_grant", ["perk_id", "reader_id"])
    _drop_rules("perk")
    for column in reversed(_terms()):
        op.drop_column("perk", column.name)
    op.create_check_constraint(op.f("ck_perk_kind"), "perk", "kind IN ('link')")


def _terms() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("months", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rhythm", sa.Text(), server_default=sa.text("'once'"), nullable=False),
        sa.Column("opens_at", db.UtcTime(timezone=True)),
        sa.Column("closes_at", db.UtcTime(timezone=True)),
        sa.Column("most", sa.Integer()),
        sa.Column("claim_days", sa.Integer()),
        sa.Column("cost", db.Minor()),
        sa.Column("cost_currency", sa.Text()),
        sa.Column("shared_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("sizes", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("starts_at", db.UtcTime(timezone=True)),
        sa.Column("ends_at", db.UtcTime(timezone=True)),
        sa.Column("place", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("capacity", sa.Integer()),
        sa.Column("low_stock", sa.Integer()),
    ]


def _of_grants() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("number", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'issued'"), nullable=False),
        sa.Column("expires_at", db.UtcTime(timezone=True)),
    ]


def _perk_rules() -> dict[str, str]:
    return {
        "ck_perk_kind": f"kind IN ({KINDS})",
        "ck_perk_rhythm": "rhythm IN ('once', 'yearly', 'monthly')",
        "ck_perk_cost_with_currency": "(cost IS NULL) = (cost_currency IS NULL)",
    }


def _alter() -> None:
    for column in _terms():
        op.add_column("perk", column)
    for column in _of_grants():
        op.add_column("perk_grant", column)
    _drop_rules("perk")
    for name, rule in _perk_rules().items():
        op.create_check_constraint(op.f(name), "perk", rule)
    op.drop_index("ix_perk_grant_reader_id", "perk_grant")
    _drop_rules("perk_grant", unique=True)
    op.create_check_constraint(op.f("ck_perk_grant_state"), "perk_grant", f"state IN ({STATES})")
    key = ["perk_id", "reader_id", "number"]
    op.create_unique_constraint(op.f("uq_perk_grant_perk_id_reader_id_number"), "perk_grant", key)


def _drop_rules(table: str, *, unique: bool = False) -> None:
    """A table's checks, however they were named; and what was unique of perk and reader together."""
    look = sa.inspect(op.get_bind())
    gone = [one["name"] for one in look.get_check_constraints(table)]
    if unique:
        gone += [one["name"] for one in look.get_unique_constraints(table) if "reader_id" in one["column_names"]]
    for name in gone:
        op.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def _write_anew() -> None:
    """SQLite cannot change a table's rules: what points to perks is put aside, all three are made anew and filled again."""
    _put_aside()
    _make_perk(_terms(), _perk_rules())
    rule = {"ck_perk_grant_state": f"state IN ({STATES})"}
    _make_grants(_of_grants(), rule, ("perk_id", "reader_id", "number"))
    _bring_back()


def _write_before() -> None:
    _put_aside()
    _make_perk([], {"ck_perk_kind": "kind IN ('link')"})
    _make_grants([], {}, ("perk_id", "reader_id"))
    _bring_back()


def _put_aside() -> None:
    for table, columns in (("perk_tier", "perk_id, tier_id"), ("perk_grant", GRANT), ("perk", PERK)):
        op.execute(f"CREATE TEMPORARY TABLE kept_{table} AS SELECT {columns} FROM {table}")  # noqa: S608 - names of ours
        op.drop_table(table)


def _bring_back() -> None:
    op.create_table(
        "perk_tier",
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("tier_id", db.Key, nullable=False),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=op.f("fk_perk_tier_perk_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_perk_tier_tier_id")),
        sa.PrimaryKeyConstraint("perk_id", "tier_id", name=op.f("pk_perk_tier")),
    )
    for table, columns in (("perk", PERK), ("perk_grant", GRANT), ("perk_tier", "perk_id, tier_id")):
        op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table}")  # noqa: S608 - names of ours
        op.execute(f"DROP TABLE kept_{table}")


def _make_perk(more: list[sa.Column], rules: dict[str, str]) -> None:  # type: ignore[type-arg]
    op.create_table(
        "perk",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("blurb", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("retired_at", db.UtcTime(timezone=True)),
        *more,
        *(sa.CheckConstraint(rule, name=op.f(name)) for name, rule in rules.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk")),
        sa.UniqueConstraint("slug", name=op.f("uq_perk_slug")),
    )


def _make_grants(more: list[sa.Column], rules: dict[str, str], key: tuple[str, ...]) -> None:  # type: ignore[type-arg]
    op.create_table(
        "perk_grant",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("issued_at", db.UtcTime(timezone=True), nullable=False),
        *more,
        *(sa.CheckConstraint(rule, name=op.f(name)) for name, rule in rules.items()),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=op.f("fk_perk_grant_perk_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_perk_grant_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_grant")),
        sa.UniqueConstraint("code", name=op.f("uq_perk_grant_code")),
        sa.UniqueConstraint(*key, name=op.f("uq_perk_grant_" + "_".join(key))),
    )


def _make_tables() -> None:
    op.create_table(
        "perk_batch",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("made_by", db.Key, nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("finished_at", db.UtcTime(timezone=True)),
        sa.CheckConstraint("deed IN ('sent', 'redeemed', 'revoked')", name=op.f("ck_perk_batch_deed")),
        sa.ForeignKeyConstraint(["made_by"], ["reader.id"], name=op.f("fk_perk_batch_made_by")),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=op.f("fk_perk_batch_perk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_batch")),
    )
    op.create_index(op.f("ix_perk_batch_perk_id"), "perk_batch", ["perk_id"])
    op.create_table(
        "perk_file",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("added_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("removed_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=op.f("fk_perk_file_perk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_file")),
    )
    op.create_index(op.f("ix_perk_file_perk_id"), "perk_file", ["perk_id"])
    op.create_table(
        "postal_address",
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("postcode", sa.Text(), nullable=False),
        sa.Column("town", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("confirmed_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_postal_address_reader_id")),
        sa.PrimaryKeyConstraint("reader_id", name=op.f("pk_postal_address")),
    )
    op.create_table(
        "perk_batch_grant",
        sa.Column("batch_id", db.Key, nullable=False),
        sa.Column("grant_id", db.Key, nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.CheckConstraint("outcome IN ('done', 'unfit')", name=op.f("ck_perk_batch_grant_outcome")),
        sa.ForeignKeyConstraint(["batch_id"], ["perk_batch.id"], name=op.f("fk_perk_batch_grant_batch_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["perk_grant.id"], name=op.f("fk_perk_batch_grant_grant_id")),
        sa.PrimaryKeyConstraint("batch_id", "grant_id", name=op.f("pk_perk_batch_grant")),
    )
    op.create_table(
        "perk_code",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("added_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("grant_id", db.Key),
        sa.Column("taken_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["grant_id"], ["perk_grant.id"], name=op.f("fk_perk_code_grant_id")),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=op.f("fk_perk_code_perk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_code")),
        sa.UniqueConstraint("grant_id", name=op.f("uq_perk_code_grant_id")),
        sa.UniqueConstraint("perk_id", "code", name=op.f("uq_perk_code_perk_id_code")),
    )
    op.create_index(
        "ix_perk_code_free",
        "perk_code",
        ["perk_id", "id"],
        sqlite_where=sa.text("grant_id IS NULL"),
        postgresql_where=sa.text("grant_id IS NULL"),
    )
    op.create_table(
        "perk_episode",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("file_id", db.Key),
        sa.Column("published_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("removed_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["file_id"], ["perk_file.id"], name=op.f("fk_perk_episode_file_id")),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=op.f("fk_perk_episode_perk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_episode")),
    )
    op.create_index(op.f("ix_perk_episode_file_id"), "perk_episode", ["file_id"])
    op.create_index(op.f("ix_perk_episode_perk_id"), "perk_episode", ["perk_id"])
    op.create_table(
        "perk_feed",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("grant_id", db.Key, nullable=False),
        sa.Column("made_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("ended_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["grant_id"], ["perk_grant.id"], name=op.f("fk_perk_feed_grant_id")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_perk_feed")),
    )
    op.create_index(
        "uq_perk_feed_current",
        "perk_feed",
        ["grant_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "perk_file_content",
        sa.Column("file_id", db.Key, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["perk_file.id"], name=op.f("fk_perk_file_content_file_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_perk_file_content")),
    )
    op.create_table(
        "perk_parcel",
        sa.Column("grant_id", db.Key, nullable=False),
        sa.Column("size", sa.Text(), nullable=False),
        sa.Column("asked_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("sent_at", db.UtcTime(timezone=True)),
        sa.Column("returned_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["grant_id"], ["perk_grant.id"], name=op.f("fk_perk_parcel_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_perk_parcel")),
    )
    op.create_table(
        "perk_seat",
        sa.Column("grant_id", db.Key, nullable=False),
        sa.Column("perk_id", db.Key, nullable=False),
        sa.Column("asked_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("seated_at", db.UtcTime(timezone=True)),
        sa.Column("checked_in_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["grant_id"], ["perk_grant.id"], name=op.f("fk_perk_seat_grant_id")),
        sa.ForeignKeyConstraint(["perk_id"], ["perk.id"], name=op.f("fk_perk_seat_perk_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_perk_seat")),
    )
    op.create_index(op.f("ix_perk_seat_perk_id"), "perk_seat", ["perk_id"])
    op.create_index(
        "ix_perk_seat_waiting",
        "perk_seat",
        ["perk_id", "asked_at"],
        sqlite_where=sa.text("seated_at IS NULL"),
        postgresql_where=sa.text("seated_at IS NULL"),
    )
    op.create_table(
        "perk_step",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("grant_id", db.Key, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("by", db.Key),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_perk_step_state")),
        sa.ForeignKeyConstraint(["by"], ["reader.id"], name=op.f("fk_perk_step_by")),
        sa.ForeignKeyConstraint(["grant_id"], ["perk_grant.id"], name=op.f("fk_perk_step_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_step")),
    )
    op.create_index("ix_perk_step_grant_id", "perk_step", ["grant_id"])
    op.create_table(
        "wall_name",
        sa.Column("grant_id", db.Key, nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("put_at", db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["perk_grant.id"], name=op.f("fk_wall_name_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_wall_name")),
    )

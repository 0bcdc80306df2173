"""letters to many: mailings with their texts, the pace, and what came back; a letter may be withdrawn"""

import sqlalchemy as sa
from alembic import op

from membership import db

revision = "2026_11_26_mailings"
down_revision = "2026_11_25_perks_sign_in"
branch_labels = None
depends_on = None

BEFORE = (
    "id, key, kind, reader_id, address, language, subject, text, fleeting, stop_address, state, written_at, sent_at,"
    " last_error"
)
STATES = "state IN ('queued', 'sent', 'failed', 'withdrawn')"
STATES_BEFORE = "state IN ('queued', 'sent', 'failed')"
NEW_SORTS = ("bulletins", "asking", "ballots", "closing")


def upgrade() -> None:
    op.create_table(
        "mailing",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
        sa.UniqueConstraint("name", name=op.f("uq_mailing_name")),
    )
    op.create_index("ix_mailing_open", "mailing", ["lane", "id"], **_only("open"))  # type: ignore[arg-type]
    op.create_table(
        "mailing_text",
        sa.Column("mailing_id", db.Key, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("stop_words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_mailing_text_mailing_id")),
        sa.PrimaryKeyConstraint("mailing_id", "language", name=op.f("pk_mailing_text")),
    )
    op.create_table(
        "mail_pace",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("free_at", db.UtcTime(timezone=True)),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_pace_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_pace")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _write_letters_anew(new=True)
    else:
        for column in _new_columns():
            op.add_column("letter", column)
        op.create_foreign_key(op.f("fk_letter_mailing_id"), "letter", "mailing", ["mailing_id"], ["id"])
        _change_states(STATES)
    waiting = _only("state = 'queued' AND mailing_id IS NOT NULL")
    op.create_index("ix_letter_waiting", "letter", ["mailing_id", "id"], **waiting)  # type: ignore[arg-type]
    op.create_index(
        "ix_letter_mailing_id_state", "letter", ["mailing_id", "state"], **_only("mailing_id IS NOT NULL")  # type: ignore[arg-type]
    )
    op.create_index(
        "uq_letter_mailing_id_address", "letter", ["mailing_id", "address"], unique=True,
        **_only("mailing_id IS NOT NULL"),  # type: ignore[arg-type]
    )  # fmt: skip
    op.create_table(
        "bounce",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("letter_id", db.Key, nullable=False),
        sa.Column("reader_id", db.Key),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("hard", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("lifted_at", db.UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_bounce_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint("letter_id", name=op.f("uq_bounce_letter_id")),
    )
    op.create_index("ix_bounce_reader_id", "bounce", ["reader_id"])
    op.create_index(
        "ix_bounce_standing", "bounce", ["reader_id", "address"], **_only("hard AND lifted_at IS NULL")  # type: ignore[arg-type]
    )
    # Who wanted no letters of any sort there was (or never said that they would) gets none of the new sorts either.
    for sort in NEW_SORTS:
        op.execute(
            f"INSERT INTO letter_refusal (reader_id, sort, refused_at) SELECT reader_id, '{sort}', max(refused_at)"  # noqa: S608
            " FROM letter_refusal WHERE sort IN ('topics', 'stories') GROUP BY reader_id HAVING count(*) = 2"
        )


def downgrade() -> None:
    """Letters stay; that they belonged together, and which of them were withdrawn, is forgotten."""
    for sort in NEW_SORTS:
        op.execute(f"DELETE FROM letter_refusal WHERE sort = '{sort}'")  # noqa: S608 - words of ours
    op.drop_table("bounce")
    op.execute("DELETE FROM letter WHERE state = 'withdrawn'")
    for index in ("uq_letter_mailing_id_address", "ix_letter_mailing_id_state", "ix_letter_waiting"):
        op.drop_index(index, "letter")
    if op.get_bind().dialect.name == "sqlite":
        _write_letters_anew(new=False)
    else:
        op.drop_constraint(op.f("fk_letter_mailing_id"), "letter", type_="foreignkey")
        for column in ("attempts", "due_at", "mailing_id"):
            op.drop_column("letter", column)
        _change_states(STATES_BEFORE)
    for table in ("mail_pace", "mailing_text", "mailing"):
        op.drop_table(table)


def _only(condition: str) -> dict[str, object]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _new_columns() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("mailing_id", db.Key),
        sa.Column("due_at", db.UtcTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
    ]


def _change_states(states: str) -> None:
    for one in sa.inspect(op.get_bind()).get_check_constraints("letter"):
        op.execute(f'ALTER TABLE letter DROP CONSTRAINT "{one["name"]}"')
    op.create_check_constraint(op.f("ck_letter_state"), "letter", states)


def _write_letters_anew(*, new: bool) -> None:
    """SQLite cannot change a table's rules: a table beside it is filled, and takes its place."""
    more: list[object] = [*_new_columns()] if new else []
    if new:
        more.append(sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_letter_mailing_id")))
    op.drop_index("ix_letter_failed", "letter")
    op.drop_index("ix_letter_reader_id", "letter")
    op.execute("ALTER TABLE letter RENAME TO letter_before")
    op.create_table(
        "letter",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reader_id", db.Key),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fleeting", sa.Boolean(), nullable=False),
        sa.Column("stop_address", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_at", db.UtcTime(timezone=True), nullable=False),
        sa.Column("sent_at", db.UtcTime(timezone=True)),
        sa.Column("last_error", sa.Text()),
        *more,  # type: ignore[arg-type]
        sa.CheckConstraint(STATES if new else STATES_BEFORE, name=op.f("ck_letter_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("key", name=op.f("uq_letter_key")),
    )
    op.execute(f"INSERT INTO letter ({BEFORE}) SELECT {BEFORE} FROM letter_before")  # noqa: S608 - names of ours
    op.drop_table("letter_before")
    op.create_index("ix_letter_reader_id", "letter", ["reader_id"])
    op.create_index("ix_letter_failed", "letter", ["state"], **_only("state = 'failed'"))  # type: ignore[arg-type]

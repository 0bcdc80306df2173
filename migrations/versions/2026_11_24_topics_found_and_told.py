"""topics: their words, tags and earlier words; letters that can be stopped"""

import sqlalchemy as sa
from alembic import op

from membership import clock, db

revision = "2026_11_24_topics_found_and_told"
down_revision = "2026_11_24_paused_movements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "topic_revision",
        sa.Column("id", db.Key, nullable=False),
        sa.Column("topic_id", db.Key, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("edited_by", db.Key, nullable=False),
        sa.Column("replaced_at", db.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["edited_by"], ["reader.id"], name=op.f("fk_topic_revision_edited_by")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_revision_topic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_revision")),
    )
    op.create_index(op.f("ix_topic_revision_topic_id"), "topic_revision", ["topic_id"])
    op.create_table(
        "topic_tag",
        sa.Column("topic_id", db.Key, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_tag_topic_id")),
        sa.PrimaryKeyConstraint("topic_id", "tag", name=op.f("pk_topic_tag")),
    )
    op.create_index(op.f("ix_topic_tag_tag"), "topic_tag", ["tag"])
    op.create_table(
        "topic_word",
        sa.Column("word", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("topic_id", db.Key, nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_word_topic_id")),
        sa.PrimaryKeyConstraint("word", "topic_id", name=op.f("pk_topic_word")),
    )
    op.create_index(op.f("ix_topic_word_topic_id"), "topic_word", ["topic_id"])
    op.create_table(
        "letter_refusal",
        sa.Column("reader_id", db.Key, nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("refused_at", db.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_letter_refusal_reader_id")),
        sa.PrimaryKeyConstraint("reader_id", "sort", name=op.f("pk_letter_refusal")),
    )
    op.create_index("ix_topic_merged_into_id", "topic", ["merged_into_id"])
    op.add_column("letter", sa.Column("stop_address", sa.Text(), nullable=True))
    # The words of the topics that are there already are written by the worker.
    waiting = sa.text(
        "INSERT INTO job (key, name, payload, state, due_at, attempts, again, posted_at) "
        "SELECT 'topics.index', 'topics.index', '{}', 'ready', :now, 0, false, :now WHERE EXISTS (SELECT 1 FROM topic)"
    ).bindparams(sa.bindparam("now", type_=db.UtcTime(), value=clock.wall()))
    op.execute(waiting)


def downgrade() -> None:
    op.drop_column("letter", "stop_address")
    op.drop_index("ix_topic_merged_into_id", table_name="topic")
    for table in ("letter_refusal", "topic_word", "topic_tag", "topic_revision"):
        op.drop_table(table)

"""The first schema: knowledge, people and conversations, inbox and outbox."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("shown", JsonDocument, nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("channel", "event_id", name=op.f("uq_answer_channel_event_id")),
    )
    op.create_index(op.f("ix_answer_at"), "answer", ["at"], unique=False)
    op.create_table(
        "cursor",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_cursor")),
    )
    op.create_table(
        "fact",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_fact")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_table(
        "inbox",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column("payload", JsonDocument, nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("handled_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_inbox")),
        sa.UniqueConstraint("channel", "event_id", name=op.f("uq_inbox_channel_event_id")),
    )
    op.create_index(
        "ix_inbox_channel_user_id_received_at", "inbox", ["channel", "user_id", "received_at"], unique=False
    )
    op.create_index("ix_inbox_state_seq", "inbox", ["state", "seq"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("last_language", sa.String(length=2), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "record",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("body", JsonDocument, nullable=False),
        sa.Column("imported", JsonDocument, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("imported_digest", sa.String(length=64), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("edited_at", UtcDateTime, nullable=True),
        sa.Column("removed_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_record")),
    )
    op.create_index(op.f("ix_record_revision"), "record", ["revision"], unique=False)
    op.create_index("ix_record_source_kind_id", "record", ["source", "kind", "id"], unique=False)
    op.create_table(
        "record_change",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("fields", JsonDocument, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_record_change")),
    )
    op.create_index(op.f("ix_record_change_at"), "record_change", ["at"], unique=False)
    op.create_index(op.f("ix_record_change_revision"), "record_change", ["revision"], unique=False)
    op.create_table(
        "unanswered",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.String(length=500), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_unanswered")),
        sa.UniqueConstraint("folded", name=op.f("uq_unanswered_folded")),
    )
    op.create_table(
        "vector",
        sa.Column("fingerprint", sa.String(length=120), nullable=False),
        sa.Column("text_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "text_hash", name=op.f("pk_vector")),
    )
    op.create_table(
        "account",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("first_seen", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel", "user_id", name=op.f("pk_account")),
    )
    op.create_index(op.f("ix_account_person_id"), "account", ["person_id"], unique=False)
    op.create_table(
        "chat_context",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("thread", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("query", JsonDocument, nullable=True),
        sa.Column("answer_id", sa.String(length=32), nullable=True),
        sa.Column("choices", JsonDocument, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_chat_context_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel", "conversation", "thread", "person_id", name=op.f("pk_chat_context")),
    )
    op.create_table(
        "feedback",
        sa.Column("answer_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["answer.id"], name=op.f("fk_feedback_answer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_feedback_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("answer_id", "person_id", name=op.f("pk_feedback")),
    )
    op.create_table(
        "import_row",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("body", JsonDocument, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("imported", JsonDocument, nullable=True),
        sa.Column("imported_digest", sa.String(length=64), nullable=False),
        sa.Column("fields", JsonDocument, nullable=False),
        sa.Column("based_on", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_row_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "kind", "id", name=op.f("pk_import_row")),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("payload", JsonDocument, nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcDateTime, nullable=False),
        sa.Column("lease_until", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.Column("remote_id", sa.String(length=255), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_outbox_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index(
        "ix_outbox_channel_conversation_state", "outbox", ["channel", "conversation", "state"], unique=False
    )
    op.create_index(op.f("ix_outbox_person_id"), "outbox", ["person_id"], unique=False)
    op.create_index(op.f("ix_outbox_remote_id"), "outbox", ["remote_id"], unique=False)
    op.create_index("ix_outbox_state_urgency_seq", "outbox", ["state", "urgency", "seq"], unique=False)

"""Subscriptions, weekly digests, open questions."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=320), nullable=True),
        sa.Column("topics", JsonDocument, nullable=False),
        sa.Column("region", JsonDocument, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("sign_of_life", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("paused_until", UtcDateTime, nullable=True),
        sa.Column("unopened", JsonDocument, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_subscription_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("person_id", name=op.f("uq_subscription_person_id")),
    )
    op.create_index("ix_subscription_channel_conversation", "subscription", ["channel", "conversation"], unique=False)
    op.create_index("ix_subscription_state_id", "subscription", ["state", "id"], unique=False)
    op.create_table(
        "digest_run",
        sa.Column("subscription_id", sa.String(length=32), nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("told", JsonDocument, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_digest_run_subscription_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscription_id", "week", name=op.f("pk_digest_run")),
    )
    op.create_index(op.f("ix_digest_run_message_id"), "digest_run", ["message_id"], unique=False)
    op.create_table(
        "entry_feedback",
        sa.Column("item", sa.String(length=220), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_entry_feedback_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item", "person_id", name=op.f("pk_entry_feedback")),
    )

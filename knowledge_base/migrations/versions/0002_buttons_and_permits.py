"""Buttons behind random handles, groups that an admin allowed, traces of messages that may have arrived."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "button",
        sa.Column("handle", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("thread", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("answer_id", sa.String(length=32), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("claimed_by", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_button_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_button")),
    )
    op.create_index(op.f("ix_button_person_id"), "button", ["person_id"], unique=False)
    op.create_index(op.f("ix_button_expires_at"), "button", ["expires_at"], unique=False)
    op.create_table(
        "permit",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("granted_by", sa.String(length=255), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("channel", "conversation", name=op.f("pk_permit")),
    )
    op.add_column("outbox", sa.Column("trace", sa.String(length=64), nullable=True))

"""Introductions and what they need."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "introduction",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("asker", sa.String(length=32), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("contact_person", sa.String(length=32), nullable=True),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("asker_shares", JsonDocument, nullable=False),
        sa.Column("contact_shares", JsonDocument, nullable=False),
        sa.Column("tried", JsonDocument, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("forwarded", sa.Boolean(), nullable=False),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("room", sa.Boolean(), nullable=False),
        sa.Column("answered", JsonDocument, nullable=False),
        sa.Column("posted", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asker"], ["person.id"], name=op.f("fk_introduction_asker"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["contact_person"], ["person.id"], name=op.f("fk_introduction_contact_person"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction")),
        sa.UniqueConstraint("code", name=op.f("uq_introduction_code")),
    )
    for column in ("asker", "contact_person", "due_at", "state"):
        op.create_index(op.f(f"ix_introduction_{column}"), "introduction", [column], unique=False)
    op.create_table(
        "introduction_request",
        sa.Column("introduction_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("send_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["introduction_id"],
            ["introduction.id"],
            name=op.f("fk_introduction_request_introduction_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("introduction_id", "round", name=op.f("pk_introduction_request")),
    )
    op.create_index(
        "ix_introduction_request_contact_send_at", "introduction_request", ["contact", "send_at"], unique=False
    )
    op.create_table(
        "introduction_count",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("what", sa.String(length=24), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "what", name=op.f("pk_introduction_count")),
    )

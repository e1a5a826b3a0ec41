"""One-time links to our pages."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("content", JsonDocument, nullable=True),
        sa.Column("veiled", sa.Boolean(), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_page_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_page")),
    )
    op.create_index(op.f("ix_page_person_id"), "page", ["person_id"], unique=False)
    op.create_index(op.f("ix_page_expires_at"), "page", ["expires_at"], unique=False)
    op.create_index(op.f("ix_page_kind_subject"), "page", ["kind", "subject"], unique=False)

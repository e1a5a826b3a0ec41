"""Questions that were passed on."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "open_question",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("question", sa.String(length=500), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("topics", JsonDocument, nullable=False),
        sa.Column("audience", sa.String(length=8), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["unanswered.number"], name=op.f("fk_open_question_number"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_open_question_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", "person_id", name=op.f("pk_open_question")),
    )
    op.create_index(op.f("ix_open_question_person_id"), "open_question", ["person_id"], unique=False)
    op.create_index(op.f("ix_open_question_at"), "open_question", ["at"], unique=False)

"""New entries that editors make of open questions."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("unanswered", sa.Column("draft", JsonDocument, nullable=True))
    op.create_table(
        "offered_answer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("question", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["question"], ["unanswered.number"], name=op.f("fk_offered_answer_question"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_offered_answer_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offered_answer")),
    )
    for column in ("question", "person_id", "at"):
        op.create_index(op.f(f"ix_offered_answer_{column}"), "offered_answer", [column], unique=False)

"""The history of editors' changes, and contributions."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_edit",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("what", sa.String(8), nullable=False),
        sa.Column("fields", JsonDocument, nullable=False),
        sa.Column("before", JsonDocument, nullable=False),
        sa.Column("after", JsonDocument, nullable=False),
        sa.Column("person_id", sa.String(32), nullable=True),
        sa.Column("author", sa.String(8), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_record_edit_person_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_record_edit")),
    )
    for column in ("person_id", "at"):
        op.create_index(op.f(f"ix_record_edit_{column}"), "record_edit", [column], unique=False)
    op.create_index("ix_record_edit_kind_id", "record_edit", ["kind", "id"], unique=False)
    op.create_table(
        "contribution",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.String(32), nullable=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("record", sa.String(200), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("said", JsonDocument, nullable=False),
        sa.Column("proposal", JsonDocument, nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_contribution_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_contribution")),
    )
    for column in ("person_id", "state", "at"):
        op.create_index(op.f(f"ix_contribution_{column}"), "contribution", [column], unique=False)

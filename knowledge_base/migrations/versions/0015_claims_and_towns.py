"""Claims of roles by municipalities, wishes for towns without a contact, and contacts that do not answer."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("municipality", sa.String(64), nullable=False),
        sa.Column("role", sa.String(160), nullable=False),
        sa.Column("projects", JsonDocument, nullable=False),
        sa.Column("topics", JsonDocument, nullable=False),
        sa.Column("deputy", sa.String(254), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_claim_person_id", "claim", ["person_id"])
    op.create_table(
        "town_wanted",
        sa.Column("municipality", sa.String(64), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("municipality", "month"),
    )
    op.create_table(
        "town_wish",
        sa.Column("municipality", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("municipality", "person_id"),
    )
    op.create_index("ix_town_wish_person_id", "town_wish", ["person_id"])
    op.create_table(
        "contact_check",
        sa.Column("contact_id", sa.String(200), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=True),
        sa.Column("hidden_at", UtcDateTime, nullable=True),
        sa.Column("facts_asked_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("contact_id"),
    )

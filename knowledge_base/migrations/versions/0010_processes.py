"""Several processes on one database: who lives, who leads an account, and who works on which message."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import JsonDocument, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "process",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("settings", JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process")),
    )
    op.create_table(
        "leader",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_leader")),
    )
    for table in ("inbox", "outbox"):
        op.add_column(table, sa.Column("owner", sa.String(length=32), nullable=True))
        op.add_column(table, sa.Column("claimed_at", UtcDateTime, nullable=True))
    op.drop_column("outbox", "lease_until")  # a claim ends with its owner, and that is in process

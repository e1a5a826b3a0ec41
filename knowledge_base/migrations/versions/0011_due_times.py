"""When the digest of a subscription is due next; null until the next look at it, as in all rows that are there."""

import sqlalchemy as sa
from alembic import op

from knowledge_base.store.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("next_due_at", "looked_at"):
        op.add_column("subscription", sa.Column(name, UtcDateTime, nullable=True))
        op.create_index(f"ix_subscription_state_{name}", "subscription", ["state", name], unique=False)

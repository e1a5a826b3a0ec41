"""People: names, municipalities, wishes; verifications, consents, blocks; what a conversation waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chat_context", sa.Column("awaits", sa.Text(), nullable=True))

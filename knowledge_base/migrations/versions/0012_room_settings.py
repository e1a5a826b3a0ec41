"""How the bot behaves in a room, as the admins of the room set it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "room_setting",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("conversation", sa.String(255), nullable=False),
        sa.Column("mention_needed", sa.Boolean(), nullable=False),
        sa.Column("threads", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(2), nullable=True),
        sa.PrimaryKeyConstraint("channel", "conversation"),
    )

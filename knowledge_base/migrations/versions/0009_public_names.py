"""The public name of an account, for those who may want to show it; a column that nothing used goes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("public_name", sa.String(length=32), nullable=True))
    op.drop_column("verification", "tries")  # SQLite can since 3.35; nothing refers to it

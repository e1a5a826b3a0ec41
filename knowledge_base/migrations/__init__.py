"""The database schema, step by step (Alembic). ``upgrade`` brings a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from knowledge_base.errors import StoreError

SCHEMA = "0015"  # the newest step; a test proves that it is Alembic's head


def current(connection: Connection) -> str | None:
    """Return the schema step of a database; ``None`` for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def upgrade(connection: Connection) -> None:
    """Apply the missing steps, all in the caller's transaction.

    Raise ``StoreError`` when a newer version made the database: going back would lose data.
    """
    if connection.dialect.name == "postgresql":  # several processes may start at once
        connection.execute(text("SELECT pg_advisory_xact_lock(7283640)"))
    step = current(connection)
    if step == SCHEMA:
        return
    if step is not None and step > SCHEMA:
        raise StoreError(
            f"The database has schema {step}, this version knows up to {SCHEMA}.",
            remedy="Start the newer version again, or restore a backup made before the upgrade.",
        )
    _run_alembic(connection)


def _run_alembic(connection: Connection) -> None:
    # Imported here: a start on an up-to-date database, the normal case, does not need it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

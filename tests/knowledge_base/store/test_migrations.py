"""The migrations build exactly the tables, on both databases, and never go back."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from knowledge_base import migrations
from knowledge_base.errors import StoreError
from knowledge_base.store.database import Store
from knowledge_base.store.tables import metadata


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
    return compare_metadata(context, metadata)


async def test_migrations_equal_the_tables(store: Store) -> None:
    async with store.read() as tx:
        assert await tx.connection.run_sync(differences) == []


def test_the_schema_constant_is_the_newest_step() -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head() == migrations.SCHEMA


async def test_a_newer_schema_is_refused(database_url: str) -> None:
    store = await Store.open(database_url)
    async with store.begin() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await store.close()
    with pytest.raises(StoreError, match="newer version"):
        await Store.open(database_url)


async def test_opening_again_changes_nothing(database_url: str) -> None:
    for _ in range(2):
        store = await Store.open(database_url)
        async with store.begin() as tx:
            await tx.facts.put("x", {"a": [1]})
        async with store.read() as tx:
            assert await tx.facts.get("x") == {"a": [1]}
        await store.close()

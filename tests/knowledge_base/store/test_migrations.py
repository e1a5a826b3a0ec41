"""The migrations build exactly the tables, on both databases, and never go back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, select, text
from sqlalchemy.exc import IntegrityError

from bot.features.digests.draft import Reason
from bot.features.digests.make import DigestMaker
from bot.outgoing.links import Links
from knowledge_base import migrations
from knowledge_base.errors import StoreError
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.database import Store, driver_url
from knowledge_base.store.database import create_engine as create_engine_of
from knowledge_base.store.tables import metadata, subscription
from tests.conftest import FixedClock


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
    return compare_metadata(context, metadata)


async def test_migrations_build_the_same_tables_as_the_code(store: Store) -> None:
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


async def test_opening_a_store_again_changes_nothing(database_url: str) -> None:
    for _ in range(2):
        store = await Store.open(database_url)
        async with store.begin() as tx:
            await tx.facts.put("x", {"a": [1]})
        async with store.read() as tx:
            assert await tx.facts.get("x") == {"a": [1]}
        await store.close()


async def test_subscriptions_from_before_the_migration_get_their_due_time(database_url: str, clock: FixedClock) -> None:
    engine = create_engine_of(driver_url(database_url))
    async with engine.execution_options(write=True).begin() as connection:
        await connection.run_sync(upgraded_to, "0010")
        await connection.execute(
            text(
                "INSERT INTO subscription (id, channel, conversation, topics, region, weekday, hour, sign_of_life,"
                " state, since, unopened, changed_at) VALUES ('s', 'fake', '!room', '[]', '[]', 2, 9, false, 'on',"
                " '2026-11-01 10:00:00', '{}', '2026-11-01 10:00:00')"
            )
        )
    await engine.dispose()
    clock.moment = datetime(2026, 12, 3, 12, tzinfo=UTC)
    store = await Store.open(database_url, clock=clock)
    digests = DigestMaker(
        store, lambda: Gazetteer([]), Links("https://bot.example", b"x" * 32), carries=lambda _channel: True
    )
    async with store.read() as tx:
        assert await tx.subscriptions.due(clock.moment) == ["s"]
    assert [outcome.reason for outcome in await digests.make_due(clock.moment, everyone=False)] == [Reason.NOTHING_NEW]
    async with store.read() as tx:
        assert await tx.subscriptions.due(clock.moment) == []
        time = await tx.connection.scalar(select(subscription.c.next_due_at))
    assert time == datetime(2026, 12, 9, 8, tzinfo=UTC)
    await store.close()


def upgraded_to(connection: Connection, step: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, step)


def test_rows_survive_the_removal_of_a_column(tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'old.db'}").begin() as connection:
        upgraded_to(connection, "0008")
        connection.execute(text("INSERT INTO person (id, created_at) VALUES ('p', '2026-11-01 10:00:00')"))
        connection.execute(
            text("INSERT INTO verification VALUES ('p', 'a@b.example', 'm', 'h', 3, '2026-11-01 10:15:00')")
        )
        migrations.upgrade(connection)
        assert connection.execute(text("SELECT * FROM verification")).mappings().all() == [
            {
                "person_id": "p", "address": "a@b.example", "municipality": "m", "code_hash": "h",
                "expires_at": "2026-11-01 10:15:00",
            }
        ]  # fmt: skip
        with pytest.raises(IntegrityError):  # the key and its index are there as before
            connection.execute(text("INSERT INTO verification SELECT * FROM verification"))
        assert "ix_verification_expires_at" in {
            index["name"] for index in inspect(connection).get_indexes("verification")
        }

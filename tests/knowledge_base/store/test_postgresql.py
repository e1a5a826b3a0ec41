"""No wait for PostgreSQL is endless, and no error quotes a value."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from knowledge_base.store import postgresql
from knowledge_base.store.database import Store, create_engine, driver_url
from knowledge_base.store.postgresql import LIMITS, LONG, BoundedConnection, SilentServerError
from knowledge_base.store.tables import account, profile
from knowledge_base.store.transient import is_transient
from tests.silent_network import SilentNetwork, silent_network

SHOW = text("SELECT name, setting::bigint FROM pg_settings WHERE name = ANY(:names)")


@pytest.fixture
async def server(postgres_url_with_schema: str) -> AsyncIterator[Store]:
    """A store on PostgreSQL."""
    opened = await Store.open(postgres_url_with_schema)
    yield opened
    await opened.close()


async def limits(store: Store, *, long: bool = False) -> dict[str, int]:
    """The limits that the server applies to a transaction."""
    async with store.begin(long=long) as tx:
        rows = await tx.connection.execute(SHOW, {"names": list(LIMITS)})
        return {row.name: row.setting for row in rows}


async def driver(store: Store) -> BoundedConnection:
    async with store.begin() as tx:
        return cast(BoundedConnection, (await tx.connection.get_raw_connection()).driver_connection)


async def one(store: Store) -> None:
    async with store.read() as tx:
        assert await tx.connection.scalar(text("SELECT 1")) == 1


def pool(store: Store) -> QueuePool:
    return cast(QueuePool, store._engine.pool)


# --- the limits -------------------------------------------------------------------------------------------------------


async def test_every_database_connection_has_server_and_client_limits(server: Store) -> None:
    assert await limits(server) == LIMITS
    known = (await driver(server)).info.get_parameters()
    assert {name: known[name] for name in postgresql.CLIENT} == postgresql.CLIENT


async def test_longer_limits_hold_only_for_the_long_transaction(server: Store) -> None:
    assert await limits(server, long=True) == LONG
    assert await limits(server) == LIMITS


async def test_options_of_the_url_override_the_limits(postgres_url_with_schema: str) -> None:
    url = f"{postgres_url_with_schema}?connect_timeout=3&options=-c%20statement_timeout%3D77min%20-c%20lock_timeout%3D0"
    store = await Store.open(url)
    assert await limits(store) == {**LIMITS, "statement_timeout": 77 * 60_000, "lock_timeout": 0}
    assert await limits(store, long=True) == {**LONG, "statement_timeout": 77 * 60_000, "lock_timeout": 0}
    known = (await driver(store)).info.get_parameters()
    assert known["connect_timeout"] == "3"
    assert known["keepalives_idle"] == postgresql.CLIENT["keepalives_idle"]
    await store.close()


async def test_settings_of_the_database_override_the_limits(postgres_url_with_schema: str) -> None:
    name = postgres_url_with_schema.rpartition("/")[2]
    with psycopg.connect(postgres_url_with_schema, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" SET lock_timeout = 1234')
    store = await Store.open(postgres_url_with_schema)
    assert await limits(store) == {**LIMITS, "lock_timeout": 1234}
    await store.close()


# --- silence ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def network(postgres_url_with_schema: str) -> AsyncIterator[SilentNetwork]:
    async with silent_network(postgres_url_with_schema) as between:
        yield between


async def test_store_replaces_connections_that_the_network_dropped(
    network: SilentNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PING_S", 0.3)
    store = await Store.open(network.url)
    await asyncio.gather(*(one(store) for _ in range(8)))
    before = network.connections
    network.forget()
    async with asyncio.timeout(30):
        await asyncio.gather(*(one(store) for _ in range(40)))
    assert network.connections > before
    assert pool(store).checkedout() == 0
    await store.close()


async def test_unanswered_statement_fails_and_frees_its_connection(
    network: SilentNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PING_S", 0.3)
    monkeypatch.setattr(postgresql, "LATER_S", 0.3)
    store = await Store.open(f"{network.url}?options=-c%20statement_timeout%3D200")
    forgotten, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def hold(*, reading: bool) -> None:
        async with store.read() if reading else store.begin() as tx:
            await tx.connection.execute(text("SELECT 1"))
            begun.release()
            await forgotten.wait()
            await tx.connection.execute(text("SELECT 1"))

    held = [asyncio.create_task(hold(reading=bool(number % 2))) for number in range(10)]
    for _ in held:
        await begun.acquire()
    network.forget()
    forgotten.set()
    async with asyncio.timeout(30):
        errors = await asyncio.gather(*held, return_exceptions=True)
        assert [type(error.orig) for error in errors if isinstance(error, DBAPIError)] == [SilentServerError] * 10
        assert all(is_transient(error) for error in errors if error)
        await asyncio.gather(*(one(store) for _ in range(40)))
    assert pool(store).checkedout() == 0
    await store.close()


async def test_cancelled_statement_frees_its_connection_without_an_answer(
    network: SilentNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PING_S", 0.3)
    monkeypatch.setattr(postgresql, "LATER_S", 0.3)
    store = await Store.open(f"{network.url}?options=-c%20statement_timeout%3D1000")

    begun = asyncio.Semaphore(0)

    async def wait() -> None:
        async with store.begin() as tx:
            await tx.connection.execute(text("SELECT 1"))
            begun.release()
            await tx.connection.execute(text("SELECT pg_sleep(60)"))

    tasks = [asyncio.create_task(wait()) for _ in range(3)]
    for _ in tasks:
        await begun.acquire()
    network.forget()
    for task in tasks:
        task.cancel()
    async with asyncio.timeout(30):
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(one(store) for _ in range(20)))
    assert pool(store).checkedout() == 0
    await store.close()


async def test_store_gives_up_on_a_server_that_accepts_and_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = driver_url(f"postgresql://app@127.0.0.1:{deaf.getsockname()[1]}/x?connect_timeout=2")
        store = Store(create_engine(address))
        async with asyncio.timeout(30):
            with pytest.raises(DBAPIError) as raised:
                await one(store)
        assert is_transient(raised.value)
        await store.close()


# --- others -----------------------------------------------------------------------------------------------------------


async def test_frozen_transaction_blocks_other_transactions_only_briefly(postgres_url_with_schema: str) -> None:
    short = "-c%20lock_timeout%3D200%20-c%20idle_in_transaction_session_timeout%3D700"
    store = await Store.open(f"{postgres_url_with_schema}?options={short}")
    async with store.begin() as tx:
        await tx.facts.put("shared", 0)

    async def frozen() -> None:
        async with store.begin() as tx:
            await tx.facts.put("shared", 1)
            await asyncio.sleep(2)
            await tx.facts.put("shared", 2)

    task = asyncio.create_task(frozen())
    await asyncio.sleep(0.2)
    with pytest.raises(DBAPIError) as waited:
        await put(store, 3)
    assert isinstance(waited.value.orig, psycopg.errors.LockNotAvailable)
    assert is_transient(waited.value)
    await asyncio.sleep(0.7)
    await put(store, 4)
    with pytest.raises(DBAPIError) as thawed:
        await task
    assert is_transient(thawed.value)
    async with store.read() as tx:
        assert await tx.facts.get("shared") == 4
    await store.close()


async def put(store: Store, value: int) -> None:
    async with store.begin() as tx:
        await tx.facts.put("shared", value)


# --- values -----------------------------------------------------------------------------------------------------------

CANARY = "5000777"


@pytest.mark.parametrize("fault", ["twice", "no such person", "null", "no number", "too long", "no moment"])
async def test_database_errors_quote_no_values(store: Store, fault: str) -> None:
    async with store.begin() as tx:
        person = await tx.people.identify("telegram", CANARY, private_conversation=CANARY)
    values: dict[str, Any] = {
        "channel": "telegram", "user_id": CANARY, "person_id": person.id, "active": True, "first_seen": store.now(),
    }  # fmt: skip
    statements: dict[str, tuple[Any, dict[str, Any]]] = {
        "twice": (insert(account).values(**values), {}),
        "no such person": (insert(profile).values(person_id=CANARY, refuses=False), {}),
        "null": (insert(account).values(**values | {"person_id": None, "user_id": f"{CANARY}1"}), {}),
        "no number": (text("SELECT CAST(:value AS integer) / 0 FROM nowhere" if store.is_sqlite else
                           "SELECT CAST(:value AS integer)"), {"value": f"x{CANARY}"}),
        "too long": (text("INSERT INTO nowhere VALUES (:value)" if store.is_sqlite else
                          "UPDATE account SET channel = :value"), {"value": CANARY * 10}),
        "no moment": (text("SELECT * FROM nowhere WHERE x = :value" if store.is_sqlite else
                           "SELECT CAST(:value AS timestamptz)"), {"value": CANARY * 3}),
    }  # fmt: skip
    statement, parameters = statements[fault]
    with pytest.raises(DBAPIError) as raised:
        async with store.begin() as tx:
            await tx.connection.execute(statement, parameters)
    error: BaseException | None = raised.value
    while error is not None:
        assert CANARY not in f"{error} {error.args!r}"
        error = error.__cause__ or error.__context__

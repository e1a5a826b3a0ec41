"""Transient errors are distinguished from permanent errors, with errors that real databases raise."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnectionFreeError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from knowledge_base.store.database import Store
from knowledge_base.store.transient import is_transient
from tests.ports import free_port


async def failure(url: str, *statements: str, **options: object) -> Exception:
    """The error that the last of these statements ends with, as the store sees it."""
    engine = create_async_engine(url.replace("postgresql:", "postgresql+psycopg:"), **options)
    try:
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
    except Exception as error:  # noqa: BLE001 - it is what we came for
        return error
    finally:
        await engine.dispose()
    raise AssertionError("nothing failed")


@pytest.mark.parametrize(
    ("state", "transient"),
    [
        ("08006", True), ("40001", True), ("40P01", True), ("55P03", True), ("57014", True), ("57P01", True),
        ("57P02", True), ("57P03", True), ("53300", True), ("53100", True), ("53200", True), ("25006", True),
        ("58030", True), ("28P01", True), ("23505", True), ("23503", True),
        ("23502", False), ("23514", False), ("22P02", False), ("22001", False), ("42P01", False), ("42601", False),
        ("XX001", False), ("XX000", False), ("54000", False), ("P0001", False), ("40002", False), ("57P04", False),
    ],
)  # fmt: skip
async def test_sqlstate_of_postgresql_decides_whether_an_error_is_transient(
    postgres: str, state: str, transient: bool
) -> None:
    error = await failure(f"{postgres}/postgres", f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")
    assert isinstance(error, DBAPIError)
    assert isinstance(error.orig, psycopg.Error)
    assert error.orig.sqlstate == state
    assert is_transient(error) is transient


@pytest.mark.parametrize(
    "statements",
    [
        ("SET LOCAL statement_timeout = 20", "SELECT pg_sleep(5)"),
        ("SELECT pg_terminate_backend(pg_backend_pid())",),
        ("SET LOCAL idle_in_transaction_session_timeout = 20", "SELECT pg_notify('x', 'y')", "SLEEP"),
        ("SET TRANSACTION READ ONLY", "CREATE TABLE never (x int)"),
    ],
    ids=["statement timeout", "ended by an admin", "stood still", "read-only"],
)
async def test_statement_that_the_server_ends_is_a_transient_error(postgres: str, statements: tuple[str, ...]) -> None:
    engine = create_async_engine(f"{postgres}/postgres".replace("postgresql:", "postgresql+psycopg:"))
    with pytest.raises(DBAPIError) as raised:  # noqa: PT012
        async with engine.begin() as connection:
            for statement in statements:
                if statement == "SLEEP":
                    await asyncio.sleep(0.5)
                    statement = "SELECT 1"  # noqa: PLW2901
                await connection.execute(text(statement))
    await engine.dispose()
    assert is_transient(raised.value)


async def test_unreachable_server_is_a_transient_error() -> None:
    assert is_transient(await failure(f"postgresql://app@127.0.0.1:{free_port()}/x", "SELECT 1"))


async def test_exhausted_connection_pool_is_a_transient_error(postgres: str) -> None:
    engine = create_async_engine(
        f"{postgres}/postgres".replace("postgresql:", "postgresql+psycopg:"),
        pool_size=1, max_overflow=0, pool_timeout=0.01,
    )  # fmt: skip
    async with engine.connect():
        with pytest.raises(NoConnectionFreeError) as raised:
            await engine.connect().start()
    await engine.dispose()
    assert is_transient(raised.value)


async def after(connection: AsyncConnection, statement: str) -> Exception:
    """The error of a statement that runs although the previous statement failed."""
    try:
        try:
            await connection.execute(text(statement))
        finally:
            await connection.execute(text("SELECT 1"))
    except Exception as error:  # noqa: BLE001 - it is what we came for
        return error
    raise AssertionError("nothing failed")


@pytest.mark.parametrize(
    ("state", "transient"), [("40001", True), ("22P02", False)], ids=["serialization", "refused value"]
)
async def test_follow_up_error_is_judged_by_the_first_error(postgres: str, state: str, transient: bool) -> None:
    engine = create_async_engine(f"{postgres}/postgres".replace("postgresql:", "postgresql+psycopg:"))
    async with engine.connect() as connection:
        error = await after(connection, f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")
    assert isinstance(error, DBAPIError)
    assert isinstance(error.orig, psycopg.errors.InFailedSqlTransaction)
    assert is_transient(error) is transient
    async with engine.connect() as connection:
        lost = await after(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
    await engine.dispose()
    assert isinstance(lost, PendingRollbackError)
    assert is_transient(lost)


def sqlite_error(path: Path, *statements: str, mode: str = "rwc", before: str = "") -> sqlite3.Error:
    """The error of one of these statements, while a second connection is as ``before`` left it."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE IF NOT EXISTS t (a PRIMARY KEY, b NOT NULL, c REFERENCES t)")
    if before:
        other.execute(before)
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=0, isolation_level=None)
        for statement in statements:
            connection.execute(statement).fetchall()
    except sqlite3.Error as error:
        return error
    finally:
        other.close()
    raise AssertionError("nothing failed")


LONG = (
    "INSERT INTO t WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 9999) SELECT x, x, NULL FROM n"
)


@pytest.mark.parametrize(
    ("statements", "options", "transient"),
    [
        (["BEGIN IMMEDIATE"], {"before": "BEGIN IMMEDIATE"}, True),
        (["PRAGMA max_page_count = 4", LONG], {}, True),
        (["INSERT INTO t VALUES (1, 1, NULL)"], {"mode": "ro"}, True),
        (["INSERT INTO t VALUES (1, 1, NULL)", "INSERT INTO t VALUES (1, 1, NULL)"], {}, True),
        (["PRAGMA foreign_keys = ON", "INSERT INTO t VALUES (1, 1, 2)"], {}, True),
        (["INSERT INTO t VALUES (1, NULL, NULL)"], {}, False),
        (["SELECT FROM"], {}, False),
        (["SELECT * FROM nowhere"], {}, False),
    ],
    ids=["busy", "full", "read-only", "twice", "reference gone", "not null", "syntax", "no table"],
)
def test_error_code_of_sqlite_decides_whether_an_error_is_transient(
    tmp_path: Path, statements: list[str], options: dict[str, str], transient: bool
) -> None:
    assert is_transient(sqlite_error(tmp_path / "x.db", *statements, **options)) is transient


def test_unopenable_database_file_is_transient_and_a_damaged_file_is_not(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(tmp_path / "none" / "x.db")
    assert is_transient(raised.value)
    (tmp_path / "y.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(sqlite3.DatabaseError) as damaged:
        sqlite3.connect(tmp_path / "y.db").execute("SELECT * FROM t")
    assert not is_transient(damaged.value)


async def test_store_error_is_judged_by_the_database_error(store: Store) -> None:
    with pytest.raises(DBAPIError) as raised:
        async with store.begin() as tx:
            await tx.connection.execute(text("SELECT * FROM nowhere"))
    assert not is_transient(raised.value)


def test_only_database_errors_are_transient() -> None:
    assert not is_transient(OSError(28, "No space left on device"))
    assert not is_transient(TimeoutError())
    assert not is_transient(asyncio.CancelledError())
    busy, wrong = sqlite3.OperationalError("busy"), ValueError("wrong")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    assert is_transient(ExceptionGroup("both", [busy, busy]))
    assert not is_transient(ExceptionGroup("both", [busy, wrong]))

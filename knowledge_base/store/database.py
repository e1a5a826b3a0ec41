"""Opens the database so that it survives: connection rules of SQLite and PostgreSQL, schema, transactions.

SQLite:

- write transactions begin with ``BEGIN IMMEDIATE``: with a deferred ``BEGIN`` four writers get "database is locked"
  in most transactions, with an immediate one they wait for each other;
- ``synchronous=FULL``: what was acknowledged to a network is on disk;
- journal mode WAL, except for the SQLite versions with the WAL-reset bug (https://sqlite.org/wal.html#walresetbug:
  3.7.0 up to 3.51.2 but for the repaired 3.44.6 and 3.50.7), where two connections can corrupt the file: these get the
  rollback journal (``TRUNCATE``), which is slower and safe.

PostgreSQL: reading sees one snapshot, and every wait has a limit (``knowledge_base.store.postgresql``).

On both, a transaction that reads cannot write.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from knowledge_base.clock import Clock, process_clock, utc_now
from knowledge_base.errors import StoreError
from knowledge_base.migrations import current, upgrade
from knowledge_base.store.news import announce, listen
from knowledge_base.store.postgresql import SNAPSHOT, connect_args, give_time
from knowledge_base.store.shielded import connect
from knowledge_base.store.transaction import Transaction

__all__ = ["Clock", "Store", "create_engine", "driver_url", "journal_mode", "reason", "utc_now"]

BUSY_TIMEOUT_S = (
    30  # a writer waits this long for another; every transaction is short, so this is never reached in health
)
POOL_TIMEOUT_S = 20  # a unit of work waits this long for a free connection to PostgreSQL
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}

DAMAGED_FILE = "The file is damaged: keep it for an expert, and restore a backup (stadtlotse restore FILE --force)."
DatabaseError = DBAPIError  # errors of the drivers of both databases


def journal_mode(version: tuple[int, ...]) -> str:
    """Return the journal mode in which this SQLite version cannot corrupt a file that several connections use."""
    repaired = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "WAL" if repaired else "TRUNCATE"


def driver_url(url: str) -> URL:
    """Return the SQLAlchemy address for a plain ``sqlite:///…`` or ``postgresql://…``, with our driver."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _unreadable() from None
    if parsed.drivername not in DRIVERS:
        raise StoreError(
            f"The database address begins with {parsed.drivername!r}.", remedy="Use sqlite:///… or postgresql://…."
        )
    if parsed.drivername == "sqlite" and (parsed.query or parsed.host):  # these would be ignored, or mean another file
        raise _unreadable()
    return parsed.set(drivername=DRIVERS[parsed.drivername])


def _unreadable() -> StoreError:
    return StoreError(
        "The database address cannot be read.",
        remedy="Write sqlite:///PATH or postgresql://USER@HOST/NAME into STADTLOTSE_DATABASE__URL.",
    )


class Store:
    """The database. Every use is one short transaction that stores all or nothing.

    ``async with store.begin() as tx`` writes, ``async with store.read() as tx`` reads one consistent state. Both commit
    at the end of the block and roll back on an exception. Never await a network or a model inside.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None) -> None:
        """Take the engine and the clock; the default clock is the machine's without its jumps."""
        self._engine = engine
        self._writing = engine.execution_options(write=True)
        self._reading = engine if engine.dialect.name == "sqlite" else engine.execution_options(**SNAPSHOT)
        self.now = clock or process_clock
        self.is_sqlite = engine.dialect.name == "sqlite"
        # Writers of this process queue here; only those of other processes meet in SQLite's busy handler. Of those that
        # do not go first, one at a time waits for the turn, so that the first ones wait for two at most.
        self._turn = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._one_of_many = asyncio.Lock() if self.is_sqlite else nullcontext()

    @classmethod
    async def open(cls, url: str, *, clock: Clock | None = None, empty: StoreError | None = None) -> Self:
        """Connect, and bring the schema up to date; raise ``StoreError`` with the remedy when either is impossible.

        ``empty`` is raised for a database that holds nothing yet.
        """
        address = driver_url(url)
        engine = create_engine(address)
        store = cls(engine, clock)
        try:
            async with engine.execution_options(write=True).begin() as connection:
                await give_time(connection)
                if empty and await connection.run_sync(current) is None:
                    raise empty
                await connection.run_sync(upgrade)
        except StoreError:
            await engine.dispose()
            raise
        except (DBAPIError, OSError, sqlite3.Error) as error:
            await engine.dispose()
            place = address.database if store.is_sqlite else address.render_as_string(hide_password=True)
            remedy = "Check STADTLOTSE_DATABASE__URL, the server and the folder's permissions."
            raise StoreError(
                f"The database {place} cannot be opened: {reason(error)}.",
                remedy=DAMAGED_FILE if is_damage(error) else remedy,
            ) from error
        return store

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def hear(self, notify: Callable[[], None]) -> None:
        """Call ``notify`` when another process on this database has left work to do; may return at once."""
        if not self.is_sqlite:
            await listen(self._engine, notify)

    @asynccontextmanager
    async def begin(self, *, long: bool = False, first: bool = False) -> AsyncIterator[Transaction]:
        """Return one unit of work: everything in the block is stored, or nothing. ``long``: it may take minutes.

        ``first``: do not wait behind all the others, on SQLite, where one transaction writes at a time. Use it only for
        intake and sending, one at a time: behind many answers in the making, a ready message would wait for each of
        them.
        """
        queue = nullcontext() if first else self._one_of_many
        async with queue, self._turn, self._writing.begin() as connection:
            if long:
                await give_time(connection)
            transaction = Transaction(connection, self.now())
            yield transaction
            if transaction.news and not self.is_sqlite:
                await announce(connection)
        await asyncio.sleep(0)  # a cancellation that waited for the transaction is delivered here, not somewhere later

    @asynccontextmanager
    async def read(self, *, long: bool = False) -> AsyncIterator[Transaction]:
        """Read one consistent state; never waits for writers of this process, and cannot write.

        ``long``: see ``begin``.
        """
        async with self._reading.connect() as connection:
            if long:
                await give_time(connection)
            yield Transaction(connection, self.now())
        await asyncio.sleep(0)  # see above


def create_engine(address: URL) -> AsyncEngine:
    """Return an engine with the connection rules above; nothing is opened yet.

    Its errors hold no values (they are logged). Raise ``StoreError`` when the address cannot be that of a database.
    """
    try:
        return _engine(address)
    except (ArgumentError, ValueError, TypeError):
        raise _unreadable() from None


def _engine(address: URL) -> AsyncEngine:
    if address.get_backend_name() != "sqlite":
        return create_async_engine(
            address, pool_pre_ping=True, pool_timeout=POOL_TIMEOUT_S, connect_args=connect_args(address),
            hide_parameters=True,
        )  # fmt: skip
    if address.database and address.database != ":memory:":
        _make_folder(Path(address.database).parent)
        if Path(address.database).is_dir():
            raise StoreError(f"The database {address.database} is a folder.", remedy="Check STADTLOTSE_DATABASE__URL.")
    engine = create_async_engine(
        address,
        async_creator=lambda: connect(database=address.database or ":memory:", timeout=BUSY_TIMEOUT_S),
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"The folder {folder} of the database cannot be made: {error.strerror}.",
            remedy="Check STADTLOTSE_DATABASE__URL and STADTLOTSE_STATE_DIR.",
        ) from error


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # this module sends BEGIN itself
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA journal_mode={journal_mode(sqlite3.sqlite_version_info)}")
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def is_damage(error: BaseException) -> bool:
    """Return whether SQLite found the file damaged, or not a database."""
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlite_errorname", "")).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def reason(error: BaseException) -> str:
    """Return the driver's own words, without statement, parameters and values (they may hold personal data)."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    words = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    return words.partition(" with text ")[0]

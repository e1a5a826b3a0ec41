"""Connections to PostgreSQL that wait for nothing without end, and that quote no values.

Four things can stop answering: the network (a firewall or a fail-over forgets a connection, without a word), the
server, another transaction that holds a lock, and this process itself. Each has its limit here:

==================================================  ==========================================================
connecting                                          ``connect_timeout`` (libpq)
what was sent is not acknowledged, or no traffic    ``tcp_user_timeout``, keepalives (both sides)
a connection of the pool, before it is used         ``PING_S``, this process
a statement                                         ``statement_timeout`` (server), ``LATER_S`` more this process
a lock                                              ``lock_timeout`` (server)
a process frozen inside a transaction               ``idle_in_transaction_session_timeout`` (server)
==================================================  ==========================================================

What is set in the URL, or in the database for a role or a database, wins. ``give_time`` raises the limits for one
transaction.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

READING = "postgresql_readonly"
SNAPSHOT: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", READING: True}  # execution options

CLIENT: Mapping[str, str] = {
    "connect_timeout": "10",  # s
    "keepalives": "1", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",  # s, s, times
    "tcp_user_timeout": "20000",  # ms
}  # fmt: skip
LIMITS: Mapping[str, int] = {  # ms
    "statement_timeout": 20_000,
    "lock_timeout": 15_000,  # longer than a frozen transaction can hold a lock
    "idle_in_transaction_session_timeout": 10_000,  # no transaction awaits anything but the database
}
LONG: Mapping[str, int] = {  # ms
    "statement_timeout": 900_000,
    "lock_timeout": 900_000,
    "idle_in_transaction_session_timeout": 300_000,
}
SERVER: Mapping[str, int] = {  # so that locks of a machine that lost its power are free soon, too; s, s, times
    "tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3,
}  # fmt: skip
PING_S = 5.0
LATER_S = 5.0  # the server's own limit comes first: its answer says more than silence

# What the operator set for this connection, this role or this database stays; other sources are defaults.
SET_LIMITS = """
SELECT set_config(name, %s::jsonb ->> name, false) FROM pg_settings
WHERE %s::jsonb ? name AND source NOT IN ('client', 'user', 'database', 'database user')
"""
READ_LIMITS = "SELECT name, setting::bigint FROM pg_settings WHERE name = ANY(%s)"


class SilentServerError(psycopg.OperationalError):
    """A server that did not answer in time; its connection was given up."""


class BoundedConnection(psycopg.AsyncConnection[Any]):
    """A connection with a limit on every wait: it ends with an answer, or as ``SilentServerError`` and closed."""

    limits = LIMITS  # ms; from ``connect`` on as the server applies them, 0: none
    has_time = False  # in this transaction: see ``give_time``

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect, and set the limits on the server."""
        connection = await super().connect(conninfo, autocommit=True, **options)
        try:
            await connection._agree()  # noqa: SLF001 - our own
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _agree(self) -> None:
        wanted = Jsonb({**LIMITS, **SERVER})
        await self.execute(SET_LIMITS, (wanted, wanted))
        cursor = await self.execute(READ_LIMITS, (list(LIMITS),))
        self.limits = dict(await cursor.fetchall())
        await self.set_autocommit(False)

    async def wait(self, gen: PQGen[T], *args: Any, **options: Any) -> T:
        """Drive one exchange with the server, see ``psycopg.AsyncConnection.wait``; every statement passes here."""
        limit, silent = self._patience(), False

        def hang_up() -> None:
            nonlocal silent
            silent = True
            with suppress(OSError), socket.socket(fileno=os.dup(self.pgconn.socket)) as ours:
                ours.shutdown(socket.SHUT_RDWR)  # wakes up every wait for the socket

        timer = asyncio.get_running_loop().call_later(limit, hang_up) if limit else None
        try:
            return await super().wait(gen, *args, **options)
        except psycopg.Error as error:
            if silent:
                raise SilentServerError(f"the server did not answer within {limit:g} s") from None
            raise without_values(error) from None
        finally:
            if timer:
                timer.cancel()

    def _patience(self) -> float:
        """Return the seconds that this exchange may take; 0 when the operator set no limit for statements."""
        if self.autocommit:  # the pool asks whether the connection lives, or ``connect`` for the limits
            return PING_S
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            self.has_time = False
        limit = self.limits["statement_timeout"]
        if self.has_time and limit:
            limit = max(limit, LONG["statement_timeout"])
        return limit / 1000 + LATER_S if limit else 0.0


def without_values(error: psycopg.Error) -> psycopg.Error:
    """Return the error with the server's kind of fault, and without the values that it quotes.

    DETAIL and CONTEXT hold rows and keys, which are accounts of people; so do the messages on refused values.
    """
    if error.diag.message_primary is not None:
        refused = (error.sqlstate or "").startswith("22")
        error.args = ("a value was refused" if refused else error.diag.message_primary,)
    return error


def connect_args(address: URL) -> dict[str, str | Callable[..., Any]]:
    """Return the connection options beside the URL; options in the URL win."""
    missing = {name: value for name, value in CLIENT.items() if name not in address.query}
    if "PGCONNECT_TIMEOUT" in os.environ:
        missing.pop("connect_timeout", None)
    return {**missing, "async_creator_fn": BoundedConnection.connect}


def is_reading(connection: AsyncConnection) -> bool:
    """Return whether this is a snapshot that cannot write, and so cannot lock rows either."""
    return bool(connection.sync_connection and connection.sync_connection.get_execution_options().get(READING))


async def give_time(connection: AsyncConnection) -> None:
    """Let this transaction take long: a migration, an import, a copy of everything. Without effect on SQLite.

    Limits that are longer already, or switched off, stay.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, BoundedConnection):
        return
    for name, limit in LONG.items():
        if 0 < driver.limits[name] < limit:
            values = {"name": name, "value": str(limit)}
            await connection.execute(text("SELECT set_config(:name, :value, true)"), values)
    driver.has_time = True

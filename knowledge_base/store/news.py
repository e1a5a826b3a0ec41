"""Notification between processes on one PostgreSQL when there is work to handle or to send (LISTEN and NOTIFY).

It only saves waiting: every process also looks by itself every few seconds, so lost news cost only time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

log = structlog.get_logger()

CHANNEL = "stadtlotse"
AGAIN_S = 2.0
PROVED_EVERY_S = 20.0  # a connection that the network dropped gives no sign
PROOF_WITHIN_S = 5.0


async def announce(connection: AsyncConnection) -> None:
    """Tell the other processes when this transaction is stored."""
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


async def listen(engine: AsyncEngine, notify: Callable[[], None]) -> None:
    """Call ``notify`` whenever a process has announced work, until cancelled."""
    while True:
        try:
            await _listen(engine, notify)
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.info("news.not_heard", error=type(error).__name__)
            await asyncio.sleep(AGAIN_S)


async def _listen(engine: AsyncEngine, notify: Callable[[], None]) -> None:
    args, options = engine.dialect.create_connect_args(engine.url)
    async with asyncio.timeout(PROOF_WITHIN_S):
        connection = await psycopg.AsyncConnection.connect(*args, **options, autocommit=True)
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        notify()  # so earlier announcements are not missed
        while True:
            async for _ in connection.notifies(timeout=PROVED_EVERY_S):
                notify()
            async with asyncio.timeout(PROOF_WITHIN_S):
                await connection.execute("SELECT 1")

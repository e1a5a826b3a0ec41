"""SQLite connections that finish an operation before a cancellation.

A task that is cancelled while its statement runs in aiosqlite's thread would leave before the statement is done. The
statement, and with it a lock on the database, would then live until the garbage collector runs, and every writer would
wait in vain. So an operation is always finished first, and the cancellation is delivered right after the transaction
(transactions are short, and wait only for the database).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import aiosqlite

from knowledge_base.store.types import damaged

T = TypeVar("T")


class UncancelledConnection(aiosqlite.Connection):
    """A connection of aiosqlite that awaits every begun operation to its end."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return await finished(super()._execute(fn, *args, **kwargs))  # type: ignore[no-untyped-call]
        except UnicodeDecodeError:  # of a name in a damaged schema, or of the driver's own words
            raise damaged("a name that is no UTF-8") from None


def connect(*, database: str, timeout: float) -> UncancelledConnection:
    """Return a connection to be awaited; its thread does not keep the process alive."""
    connection = UncancelledConnection(partial(_connect, database, timeout), 64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does; there is no public way
    return connection


def _connect(database: str, timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(database, timeout=timeout, check_same_thread=False)
    connection.text_factory = _text
    return connection


def _text(value: bytes) -> str:
    """Return a stored text; the driver's own error would quote one that is damaged."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise damaged("a text that is no UTF-8") from None


async def finished(work: Awaitable[T]) -> T:
    """Return the result of some work, awaited even when the task is cancelled meanwhile.

    The cancellation is raised again afterwards.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
        except Exception:  # noqa: BLE001 - it is raised below
            break
    current = asyncio.current_task()
    if cancelled and current is not None:
        current.uncancel()  # asyncio.timeout and TaskGroup must count it once
        current.cancel()
    return task.result()

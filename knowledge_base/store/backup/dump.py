"""Rows as lines of text and back, the same for SQLite and PostgreSQL: the content of a backup.

A line is a JSON array in the order of the table's columns; moments are ISO 8601, bytes base64, and keys of documents
are sorted, so that equal rows are equal bytes on both databases.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Column, Integer, LargeBinary, Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import metadata
from knowledge_base.store.types import Document, UtcDateTime

BATCH = 500
OF_THE_MOMENT = ("process", "leader")  # tables about running processes: no copy brings them back
TABLES: Sequence[Table] = [table for table in metadata.sorted_tables if table.name not in OF_THE_MOMENT]


async def lines(connection: AsyncConnection, table: Table) -> AsyncIterator[bytes]:
    """Yield every row in order of the primary key, without holding all in memory."""
    async with connection.stream(select(table).order_by(*table.primary_key)) as rows:
        async for row in rows:
            values = [_to_json(column, value) for column, value in zip(table.columns, row, strict=True)]
            encoded = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            yield encoded.encode("utf-8", "backslashreplace") + b"\n"  # a lone surrogate becomes its JSON escape


async def load(connection: AsyncConnection, table: Table, source: Iterable[bytes], columns: Sequence[str]) -> int:
    """Insert rows written by ``lines``; return their number."""
    chosen = [table.columns[name] for name in columns]
    rows, loaded = iter(source), 0
    while batch := [_row(chosen, line) for line in islice(rows, BATCH)]:
        await connection.execute(insert(table), batch)
        loaded += len(batch)
    await _continue_numbering(connection, table)
    return loaded


async def is_empty(connection: AsyncConnection) -> bool:
    """Return whether all tables are empty; single values (``fact``) do not count: every start writes some."""
    for table in TABLES:
        if table.name != "fact" and await connection.scalar(select(1).select_from(table).limit(1)):
            return False
    return True


def _row(columns: Sequence[Column[Any]], line: bytes) -> dict[str, Any]:
    values = json.loads(line)
    return {column.name: _from_json(column, value) for column, value in zip(columns, values, strict=True)}


def _to_json(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return value.isoformat()
    if isinstance(column.type, LargeBinary):
        return b64encode(value).decode("ascii")
    return value


def _from_json(column: Column[Any], value: Any) -> Any:
    if value is None:  # a document can be null without being absent
        return JSON.NULL if isinstance(column.type, Document) and not column.nullable else None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return b64decode(value)
    return value


async def _continue_numbering(connection: AsyncConnection, table: Table) -> None:
    """Move PostgreSQL's sequences past inserted numbers; SQLite counts on from the highest by itself."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None or not isinstance(column.type, Integer):
        return
    highest = await connection.scalar(select(func.coalesce(func.max(column), 0)))
    await connection.execute(
        text("SELECT setval(pg_get_serial_sequence(:table, :column), :next, false)"),
        {"table": table.name, "column": column.name, "next": (highest or 0) + 1},
    )

"""A row in any table, made from its columns: for tests that walk all tables, those of tomorrow included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, Table, insert, select

from knowledge_base.store.tables import person
from knowledge_base.store.transaction import Transaction
from knowledge_base.store.types import UtcDateTime


async def fill_tables(tx: Transaction, tables: Iterable[Table], person_id: str) -> None:
    """One row of the person in each of these tables; parents come first in ``tables``."""
    for table in tables:
        numbered = table.autoincrement_column
        values = {each.name: await _sample(tx, each, person_id) for each in table.columns if each is not numbered}
        await tx.connection.execute(insert(table).values(**values))


async def _sample(tx: Transaction, column: Column[Any], person_id: str) -> Any:
    """A value that the column takes: of its own for each person where it alone is a key, else the same for all."""
    for key in column.foreign_keys:
        known = select(key.column).limit(1)
        return person_id if key.column is person.c.id else await tx.connection.scalar(known)
    if isinstance(column.type, UtcDateTime):
        return tx.now
    if isinstance(column.type, JSON):
        return []
    if isinstance(column.type, LargeBinary):
        return b"x"
    alone = column.unique or (column.primary_key and len(column.table.primary_key.columns) == 1)
    text = (person_id[::-1] if alone else "x")[: getattr(column.type, "length", None) or 32]
    return {str: text, bool: True}.get(column.type.python_type, 1)
